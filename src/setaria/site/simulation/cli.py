"""`setaria simulate`: night after night from seed to seed, until so many hours were simulated or a law was broken."""

from __future__ import annotations

import time

from rich.console import Console

from setaria.site.simulation.night import Night

BREACHES_SHOWN_MAX = 5


def main(seed: int, hours: float) -> int:
    """Play nights from `seed` on; 1 and the seed that shows it when a law was broken, else 0."""
    console = Console(highlight=False, soft_wrap=True)
    began, simulated, answers, first = time.monotonic(), 0.0, 0, seed
    while True:
        night = Night(seed)
        auditor = night.run()
        simulated += night.now
        answers += auditor.answers
        if auditor.breaches:
            for breach in auditor.breaches[:BREACHES_SHOWN_MAX]:
                console.print(f"[red]✗[/] seed {seed}, {breach}")
            console.print(f"Play it again: `setaria simulate --seed {seed} --hours 0`")
            return 1
        if simulated >= hours * 3600:
            break
        seed += 1
    seconds = time.monotonic() - began
    console.print(
        f"[green]✓[/] {seed - first + 1:,} nights, {simulated / 3600:.1f} hours, {answers:,} answers, no law broken; "
        f"{seconds:.1f} s: {simulated / seconds:,.0f} times as fast as the clock, {answers / seconds:,.0f} answers a second."
    )
    return 0
