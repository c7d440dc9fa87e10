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
            {"name": f.name, "says": f.says, "rows": f.rows, "seconds": round(f.seconds, 3), "holds": f.holds,
             "offenders": f.offenders}
            for f in findings
        ]  # fmt: skip
        json_module.dump(rows, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        _print(findings)
    return 0 if all(f.holds for f in findings) else 1


def _print(findings: list[Finding]) -> None:
    table = Table(title="Audit", title_justify="left")
    for column in ("invariant", "rows checked", "seconds", "holds"):
        table.add_column(column, justify="right" if column in ("rows checked", "seconds") else "left")
    for finding in findings:
        holds = "[green]yes[/]" if finding.holds else "[red]NO[/]"
        table.add_row(finding.name, f"{finding.rows:,}", f"{finding.seconds:.2f}", holds)
    console = Console()
    console.print(table)
    for finding in findings:
        if not finding.holds:
            console.print(f"[red]{finding.name}[/]: {finding.says}")
            for offender in finding.offenders:
                console.print(f"  {offender}", highlight=False)
    broken = sum(not f.holds for f in findings)
    took = sum(finding.seconds for finding in findings)
    console.print(f"{len(findings)} invariants checked, {broken} broken. {took:,.1f} s.")
