"""`setaria audit`: every invariant against the live database."""

import json as json_module
import sys

from rich.console import Console
from rich.table import Table

from setaria.kernel.invariants import Finding, check_all


def main(json: bool = False) -> int:
    """Check every invariant, print what was found, and return 1 when one is broken."""
    findings = list(check_all())
    if json:
        rows = [
            {"name": f.name, "says": f.says, "rows": f.rows, "holds": f.holds, "offenders": f.offenders}
            for f in findings
        ]
        json_module.dump(rows, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        _print(findings)
    return 0 if all(f.holds for f in findings) else 1


def _print(findings: list[Finding]) -> None:
    table = Table(title="Audit", title_justify="left")
    for column in ("invariant", "rows checked", "holds"):
        table.add_column(column, justify="right" if column == "rows checked" else "left")
    for finding in findings:
        table.add_row(finding.name, f"{finding.rows:,}", "[green]yes[/]" if finding.holds else "[red]NO[/]")
    console = Console()
    console.print(table)
    for finding in findings:
        if not finding.holds:
            console.print(f"[red]{finding.name}[/]: {finding.says}")
            for offender in finding.offenders:
                console.print(f"  {offender}", highlight=False)
    broken = sum(not f.holds for f in findings)
    console.print(f"{len(findings)} invariants checked, {broken} broken.")
