"""Writing a report as one HTML file: styles and drawings inside, nothing from elsewhere."""

from itertools import pairwise
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation

from setaria.sight.report import charts
from setaria.sight.report.figures import PAY_BOUNDS, MarketFigures, Part, Report

HOUR_MINUTES = 60


def render(report: Report, language: str) -> str:
    """Return the file's text in a language; the same report gives the same text."""
    with translation.override(language):
        sections = [_section(market) for market in report.markets]
        return render_to_string(
            "report/report.html",
            {"report": report, "sections": sections, "language": language, "broken": report.broken},
        )


def _section(of: MarketFigures) -> str:
    before = of.before
    bounds = [(0, PAY_BOUNDS[0]), *pairwise(PAY_BOUNDS), (PAY_BOUNDS[-1], None)]
    slowest = max(of.pay_times.counts)
    with timezone.override(ZoneInfo(of.time_zone)):
        return render_to_string("report/market.html", {
            "of": of,
            "money_curve": charts.cumulated(
                of.curve, of.step_minutes, before.curve if before else (), before.step_minutes if before else 1,
                [(one.seconds, one.amount) for one in of.passed],
            ),
            "first_hour": _first_hour(of),
            "minute_curve": charts.by_step(of.curve, of.step_minutes),
            "tables": [("products", _bars(of.products)), ("channels", _bars(of.channels)), ("kinds", _bars(of.kinds))],
            "pay_times": [
                (low, high, count, charts.share(count, slowest))
                for (low, high), count in zip(bounds, of.pay_times.counts, strict=True)
            ],
            "ratios": _ratios(of) if before else None,
            "until": of.until,
        })  # fmt: skip


def _first_hour(of: MarketFigures) -> charts.Chart | None:
    """Draw the first hour by itself where it would be a thin line at the edge of the whole."""
    if of.step_minutes > 1 or len(of.curve) <= 2 * HOUR_MINUTES:
        return None
    before = of.before.curve[:HOUR_MINUTES] if of.before and of.before.step_minutes == 1 else ()
    passed = [(one.seconds, one.amount) for one in of.passed if one.seconds <= HOUR_MINUTES * 60]
    return charts.cumulated(of.curve[:HOUR_MINUTES], 1, before, 1, passed)


def _bars(parts: list[Part]) -> list[tuple[Part, float]]:
    longest = max((part.amount for part in parts), default=0)
    return [(part, charts.share(part.amount, longest)) for part in parts]


def _ratios(of: MarketFigures) -> dict[str, float | None]:
    assert of.before is not None
    pairs = {
        "amount": (of.paid_amount, of.before.paid_amount), "orders": (of.paid_orders, of.before.paid_orders),
        "placed": (of.placed_orders, of.before.placed_orders), "units": (of.paid_units, of.before.units),
    }  # fmt: skip
    return {name: round(now / then, 2) if then else None for name, (now, then) in pairs.items()}
