"""`setaria restart`: have the instance that runs in a home renew its web processes and worker, and wait for it.

New code is served and no connection is refused: a web process goes only when its successor answers. PostgreSQL stays.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from setaria.site.home import Home, nothing_runs
from setaria.site.supervisor import RENEW_SIGNAL


def restart(home: Path | None) -> int:
    """Ask for it and wait until it is done; 0 when everything was renewed, else 1."""
    console = Console(highlight=False, soft_wrap=True)
    place = Home(home)
    before = place.running()
    if before is None or not before.ready:
        still = before is not None
        said = f"It is still starting ({place.path}). Ask again once it runs." if still else nothing_runs(place)
        console.print(f"[red]✗[/] {escape(said)}")
        return 1
    began = time.monotonic()
    os.kill(before.pid, RENEW_SIGNAL)
    while (after := place.running()) is not None and after.pid == before.pid:
        if after.renewals > before.renewals:
            if after.trouble:
                console.print(f"[red]✗[/] {escape(after.trouble)}")
                return 1
            console.print(f"[green]✓[/] Started anew, one after the other, in {time.monotonic() - began:.1f} s.")
            return 0
        time.sleep(0.1)
    console.print("[red]✗[/] It was stopped meanwhile.")
    return 1
