"""What checks and verbs say, in the reader's language. One sentence a code; every refusal says what to do."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from setaria.trade.campaigns.answers import Refused
from setaria.trade.campaigns.models import Campaign
from setaria.trade.campaigns.rules import Finding


def check_name(check: str) -> str:
    """Name a check."""
    return {
        "markets": _("Markets and products"),
        "times": _("Times"),
        "stock": _("Stock"),
        "prices": _("Prices"),
        "limits": _("Limits"),
        "payment": _("Time to pay"),
        "messages": _("Messages"),
        "capacity": _("Capacity"),
    }.get(check, check)


def status_name(status: int) -> str:
    """Name a status."""
    return {
        1: _("Planned"), 2: _("Checked"), 3: _("Rehearsed"), 4: _("Approved"), 5: _("Open"), 6: _("Closed"),
        7: _("Reported"),
    }[status]  # fmt: skip


def status_of(campaign: Campaign) -> str:
    """Name where a campaign stands: its status, or that it was called off."""
    return _("Called off") if campaign.called_off_at else status_name(campaign.status)


def level_name(level: str) -> str:
    """Name a level: never told by its colour alone."""
    return {"green": _("In order"), "amber": _("To be judged"), "red": _("Not in order")}[level]


def say(finding: Finding) -> str:
    """Say what a check found."""
    sentences = {
        "market_ready": _("%(about)s sells, and its web store has a warehouse."),
        "market_shows": _("%(about)s only shows the campaign; nothing of it is sold there."),
        "market_informs": _("%(about)s does not sell. Take its drops out, or let the market sell first."),
        "unpublished": _("%(about)s is not published, so it cannot be bought. Publish it, or take it out."),
        "clocks_change": _("The clocks change in %(about)s (%(zone)s): these %(days)s days have %(hours)s hours."),
        "began": _("In %(about)s the days have begun (%(at)s, %(zone)s). Choose later days."),
        "no_drops": _("There are no drops: nothing opens at an instant."),
        "no_such_time": _("%(about)s names a time that the clocks of %(zone)s skip or show twice. Choose another."),
        "closes_first": _("%(about)s closes before it opens. Change one of them."),
        "outside_days": _("%(about)s lies outside the campaign's days in %(zone)s. Move it, or change the days."),
        "not_at_midnight": _("%(about)s opens at %(at)s (%(zone)s), which is not midnight. Is that meant?"),
        "opens_at_midnight": _("%(about)s opens at %(at)s (%(zone)s, UTC%(offset)s)."),
        "funded": _("%(about)s: %(wanted)s wanted, %(free)s free in %(place)s."),
        "unfunded": _("%(about)s: %(missing)s of %(wanted)s are missing in %(place)s. Bring them there, or plan fewer."),
        "in_the_pool": _("%(about)s: %(free)s of %(wanted)s are free in the pool of %(place)s."),
        "pool_empty": _("%(about)s: nothing of %(wanted)s is free in the pool of %(place)s."),
        "two_prices": _("%(about)s has two prices at once: in %(one)s and in %(other)s. A thing has one price."),
        "no_price": _("%(about)s has no price for all of %(where)s. Give it one."),
        "price_stays": _("%(about)s keeps its price."),
        "first_price": _("%(about)s had no price before %(where)s, so nothing can be promised to be lower."),
        "not_lower": _("%(about)s costs %(price)s in %(where)s, but cost %(before)s in the %(days)s days before. A reduction must be one."),
        "very_low": _("%(about)s costs %(price)s instead of %(before)s, less than half. Is that meant?"),
        "lower": _("%(about)s costs %(price)s instead of %(before)s, the lowest of the %(days)s days before."),
        "limit_fits": _("%(about)s in %(drop)s: %(limit)s a customer, %(units)s in all."),
        "limit_above_units": _("%(about)s in %(drop)s: one customer may have %(limit)s, but there are %(units)s. Lower the limit."),
        "limit_high": _("%(about)s in %(drop)s: %(limit)s a customer is more than is usual. Is that meant?"),
        "payment_fits": _("%(about)s gives %(seconds)s seconds to pay."),
        "payment_short": _("%(about)s gives %(seconds)s seconds to pay; a bank's page may take %(usual)s."),
        "payment_long": _("%(about)s gives %(seconds)s seconds to pay; unpaid units stay away from others for so long."),
        "approved": _("%(about)s is approved."),
        "waits": _("%(about)s waits for somebody other than its writer to approve it."),
        "none_written": _("No message is written."),
        "nothing_expected": _("The plan does not say how many orders a second are expected."),
        "not_measured": _("%(expected)s orders a second are expected, and this installation was never measured. Run `setaria bench --json` into its home."),
        "too_little": _("%(expected)s orders a second are expected, and %(measured)s were measured. Add capacity, or admit by a queue."),
        "tight": _("%(expected)s orders a second are expected of %(measured)s measured: more than half. Is there a reserve?"),
        "measured_long_ago": _("%(measured)s orders a second were measured %(days)s days ago. Measure again."),
        "enough": _("%(expected)s orders a second are expected of %(measured)s measured."),
    }  # fmt: skip
    sentence = sentences.get(finding.code, finding.code)
    return sentence % (_shown(finding.values) | {"about": finding.about})


def refusal(refused: Refused) -> str:
    """Say why something was not done, and what to do."""
    sentences = {
        "NOT_STAFF": _("Only staff may do that. Nothing was changed."),
        "NO_CAMPAIGN": _("There is no campaign %(slug)s. `setaria campaign show` lists them."),
        "NO_MESSAGE": _("There is no such message. Nothing was changed."),
        "NOT_REHEARSED": _("%(slug)s is %(status)s; it must be rehearsed first (`setaria drill %(slug)s`). Nothing was changed."),
        "APPROVED_ALREADY": _("That is approved already. Nothing was changed."),
        "SAME_PERSON": _("%(who)s wrote it, so somebody else must approve it. Nothing was changed."),
        "CHECKS_FAILED": _("Something is not in order any more. Nothing was changed; put it right and check again."),
        "CALLED_OFF": _("%(slug)s was called off. Nothing was changed; plan it anew under another slug."),
        "BEGAN": _("%(slug)s begins now or has begun; it cannot be called off any more. Nothing was changed."),
        "SOLD_MEANWHILE": _("Stock was sold while it was being set aside. Nothing was changed; check again."),
        "TOO_LATE": _("It begins within a second; prices cannot be changed any more. Nothing was changed."),
        "CHANGED_MEANWHILE": _("%(slug)s was planned anew meanwhile. The drill is kept, but proves nothing about the new plan."),
        "NOT_CLOSED": _("%(slug)s is %(status)s; only a closed campaign is reported for good."),
        "NOTHING_YET": _("%(slug)s has opened in no market that sells, so there is nothing to report. No file was written."),
        "NOT_THE_NEWEST": _("%(message)s has a newer wording. Nothing was changed; read that one."),
        "SHOWN_NEVER": _("It would end before it begins. Nothing was kept; change its times."),
        "TOO_LONG": _("A text has at most %(max)s characters. Nothing was kept; shorten it."),
    }  # fmt: skip
    return sentences.get(refused.code, refused.code) % refused.values


def _shown(values: dict[str, str]) -> dict[str, str]:
    """Write instants in the market's own time, amounts with their currency."""
    shown = dict(values)
    for key in ("at", "until"):
        if key in values and "zone" in values:
            local = datetime.fromisoformat(values[key]).astimezone(ZoneInfo(values["zone"]))
            shown[key] = local.strftime("%Y-%m-%d %H:%M:%S")
    for key in ("price", "before"):
        if key in values and "currency" in values:
            whole, minor = divmod(int(values[key]), 100)
            shown[key] = f"{values['currency']} {whole:,}" + (f".{minor:02}" if minor else "")
    return shown
