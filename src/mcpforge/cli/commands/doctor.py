"""`mcpforge doctor`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.errors import ExitCode, ForgeError

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.inspection.findings import Finding
    from mcpforge.operations.checkup import Check

NAME = "doctor"
_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("error", "red")}


def run(
    context: typer.Context,
    path: Optional[str] = typer.Argument(
        None, help="A project, or any folder or file with FastMCP code."
    ),
    fix: bool = typer.Option(False, "--fix", help="Repair the lock from what is there."),
) -> None:
    """Check this project, and any FastMCP code for removed or misleading APIs."""
    from mcpforge.catalog.installed import load
    from mcpforge.operations.doctor import examine, examine_code, project_of, summed

    console: Console = context.obj
    place = Path(path) if path else Path.cwd()
    root = project_of(place)
    repaired: list[str] = []
    checks: list[Check] = []
    if root and fix:
        from mcpforge.operations.repair import repair

        repaired = repair(root, load())
        for line in repaired:
            console.say(f"{console.style('fixed:', 'green')} {line}")
    if root:
        checks = examine(root, load())
        for check in checks:
            _show_check(console, check)
    elif fix:
        raise ForgeError(f"`{place}` is no project of mcpforge, so there is no lock to repair")
    findings = examine_code(place)
    for finding in findings:
        _show_finding(console, finding)
    code = ExitCode.REFUSED if summed(checks, findings).errors else ExitCode.DONE
    _show_sum(console, checks, findings)
    console.result(
        {
            "root": str(root) if root else None,
            "checks": [asdict(check) for check in checks],
            "findings": [asdict(finding) for finding in findings],
            "fixed": repaired,
        },
        exit_code=code,
        status="success" if code == ExitCode.DONE else "partial",
    )
    if code:
        raise typer.Exit(int(code))


def _show_check(console: Console, check: Check) -> None:
    word, style = _MARKS[check.level]
    console.data(f"{console.style(f'{word:>8}', style, err=False)}  {check.name}: {check.message}")
    if check.hint and check.level != "ok":
        console.data(f"          {check.hint}")


def _show_finding(console: Console, finding: Finding) -> None:
    word, style = _MARKS[finding.severity]
    label = console.style(f"{word:>8}", style, err=False)
    console.data(f"{label}  {finding.path}:{finding.line}: {finding.message} ({finding.code})")
    console.data(f"          why: {finding.why}")
    console.data(f"          right: {finding.fix}")


def _show_sum(console: Console, checks: list[Check], findings: list[Finding]) -> None:
    troubles = [check for check in checks if check.level != "ok"]
    if troubles or findings:
        console.say(
            f"\n{len(troubles)} of {len(checks)} checks, {len(findings)} findings in the code"
        )
    else:
        console.say("\nNothing to complain about")
