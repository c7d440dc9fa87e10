"""`setaria campaign …`: reads, calls a verb, prints what it answered. 0 done, 1 refused."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.utils import translation
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.kernel.clock import now
from setaria.kernel.texts import LANGUAGES, text_in
from setaria.people.members.models import Member
from setaria.sight.report import figures, page
from setaria.site.rush.report import screen
from setaria.trade.campaigns import approve as approving
from setaria.trade.campaigns import call_off as calling_off
from setaria.trade.campaigns import messages, plan_file, words
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.capacity import last_measured
from setaria.trade.campaigns.check import check as check_campaign
from setaria.trade.campaigns.models import Campaign, Message, Status
from setaria.trade.campaigns.plan import plan as plan_campaign
from setaria.trade.campaigns.rules import Finding, Level, by_check
from setaria.trade.campaigns.turn import note_report

COLOURS = {Level.GREEN: "green", Level.AMBER: "yellow", Level.RED: "red"}
MARKS = {Level.GREEN: "✓", Level.AMBER: "!", Level.RED: "✗"}


class Nobody(Exception):
    """No member of staff has that address; the text says so."""


def staff(email: str) -> Member:
    """Return the member of staff with that e-mail address; raises Nobody."""
    found = Member.objects.filter(email=email.lower(), is_staff=True, is_active=True).first()
    if found is None:
        raise Nobody(f"No member of staff has the address {email}. Nothing was changed.")
    return found


def plan(file: Path, by: str) -> int:
    """Take in a plan, and say what changed and what may not change any more."""
    console = _english()
    try:
        raw = file.read_bytes()
        wanted = plan_file.read(raw)
        answer = plan_campaign(wanted, by=staff(by), now=now())
    except OSError as error:
        return _fail(console, f"{file}: {error.strerror}. Nothing was changed.")
    except plan_file.BadPlan as error:
        located = str(plan_file.BadPlan(error.problems, raw.decode("utf-8", "replace")))
        return _fail(console, f"{file} cannot be used; nothing was changed.\n{located}")
    except Nobody as error:
        return _fail(console, str(error))
    if isinstance(answer, Refused):
        return _refused(console, answer)
    if answer.created:
        console.print(f"[green]✓[/] {answer.slug} is planned. Next: `setaria campaign check {answer.slug}`.")
    elif answer.changed:
        console.print(f"[green]✓[/] Changed (revision {answer.revision}): {', '.join(answer.changed)}.")
    elif not answer.kept:
        console.print("Nothing is new; nothing was changed.")
    if answer.kept:
        return _fail(console, f"Approved already, so these stay as they are: {', '.join(answer.kept)}.")
    return 0


def check(slug: str, by: str) -> int:
    """Check a campaign, and print every finding."""
    console = _english()
    try:
        answer = check_campaign(slug, by=staff(by), now=now(), capacity=last_measured(settings.HOME))
    except Nobody as error:
        return _fail(console, str(error))
    if isinstance(answer, Refused):
        return _refused(console, answer)
    show_findings(console, answer.findings)
    return 0 if answer.passed else 1


def approve(slug: str, by: str) -> int:
    """Approve a campaign."""
    console = _english()
    try:
        answer = approving.approve(slug, by=staff(by), now=now(), capacity=last_measured(settings.HOME))
    except Nobody as error:
        return _fail(console, str(error))
    return _said(console, answer, f"{slug} is approved: its drops, prices and messages are set.")


def call_off(slug: str, by: str) -> int:
    """Call a campaign off that has not begun."""
    console = _english()
    try:
        answer = calling_off.call_off(slug, by=staff(by), now=now())
    except Nobody as error:
        return _fail(console, str(error))
    return _said(console, answer, f"{slug} is called off: its drops will not open, its units and prices are as before.")


def approve_message(slug: str, message: str, by: str) -> int:
    """Approve the newest wording of a message."""
    console = _english()
    newest = Message.objects.filter(campaign__slug=slug, slug=message).order_by("-version").first()
    if newest is None:
        return _fail(console, f"{slug} has no message {message}. Nothing was changed.")
    try:
        answer = messages.approve(newest.pk, by=staff(by), now=now())
    except Nobody as error:
        return _fail(console, str(error))
    return _said(console, answer, f"{message} is approved: {text_in(newest.title, 'en')}")


def show(slug: str) -> int:
    """Print all campaigns, or one with its steps."""
    console = _english()
    found = Campaign.objects.filter(slug=slug) if slug else Campaign.objects.all()
    if slug and not found:
        return _fail(console, f"There is no campaign {slug}.")
    table = Table("campaign", "days", "state", "revision", "planned by", "approved by")
    for one in found.select_related("planned_by", "approved_by"):
        table.add_row(
            one.slug, f"{one.first_day} – {one.last_day}", "called off" if one.called_off_at else Status(one.status).label, str(one.revision),
            str(one.planned_by), str(one.approved_by or "-"),
        )  # fmt: skip
    console.print(table)
    for step in found[0].steps.select_related("by").order_by("revision", "status") if slug else []:
        who = step.by or "the clock"
        console.print(f"  {step.at:%Y-%m-%d %H:%M:%S} UTC  {Status(step.status).label}  {who}  [dim]{step.revision}[/]")
    return 0


def report(slug: str, out: Path, language: str, by: str) -> int:
    """Write a campaign's report; with `by`, note for good that a closed campaign was reported, and with what file."""
    console = _english()
    campaign = Campaign.objects.filter(slug=slug).first()
    if campaign is None:
        return _refused(console, Refused("NO_CAMPAIGN", {"slug": slug}))
    if language not in LANGUAGES:
        return _fail(console, f"{language} is no language here; use {' or '.join(LANGUAGES)}. No file was written.")
    try:
        member = staff(by) if by else None
        found = figures.read(campaign, now())
        file = page.render(found, language).encode()
        out.write_bytes(file)
    except Nobody as error:
        return _fail(console, str(error))
    except figures.NothingYet:
        return _refused(console, Refused("NOTHING_YET", {"slug": slug}))
    except OSError as error:
        return _fail(console, f"{out}: {error.strerror}. The report was not written.")
    console.print(f"[green]✓[/] {escape(str(out))}: {len(file):,} bytes, {len(found.broken)} invariants broken.")
    if member is not None:
        kept: dict[str, object] = {
            "sha256": sha256(file).hexdigest(),
            "broken": [finding.name for finding in found.broken],
        }
        answer = note_report(slug, by=member, at=now(), figures=kept)
        return _said(console, answer, f"{slug} is reported; the file's digest is kept.")
    return 0


def _english() -> Console:
    """The command line speaks English, whatever the store's first language is."""
    translation.activate("en")
    return screen()


def show_findings(console: Console, findings: list[Finding]) -> None:
    """Print findings by check, with a mark and a word, not by colour alone."""
    table = Table("check", "", "finding")
    for name, group in by_check(findings).items():
        for finding in group:
            level = finding.level
            mark = f"[{COLOURS[level]}]{MARKS[level]} {words.level_name(level.value)}[/]"
            table.add_row(words.check_name(name), mark, escape(words.say(finding)))
    console.print(table)


def _said(console: Console, answer: Done | Refused, done: str) -> int:
    if isinstance(answer, Refused):
        return _refused(console, answer)
    console.print(f"[green]✓[/] {escape(done)}")
    return 0


def _refused(console: Console, answer: Refused) -> int:
    if answer.findings:
        show_findings(console, answer.findings)
    return _fail(console, words.refusal(answer))


def _fail(console: Console, text: str) -> int:
    console.print(f"[red]✗[/] {escape(text)}")
    return 1
