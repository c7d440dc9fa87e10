"""Providers' settlement files, read line by line; pure. Each becomes the same few columns.

Stripe's balance report (itemised), Alipay's business bill (业务明细), WeChat's trade bill (all), and the sandbox bank's.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from setaria.trade.payments.disputes import dispute_id

PAYMENT, REFUND, PAYOUT, OTHER, DISPUTE, DISPUTE_BACK = 1, 2, 3, 4, 5, 6
DISPUTES_TOLD = ("stripe", "sandbox")  # whose files tell of them
_CHINA = ZoneInfo("Asia/Shanghai")

_SUMS = ("#", "总")  # what the lines at the end begin with

# kind, reference, our id, amount, fee, currency, instant
Row = tuple[int, str, UUID | None, int, int, str, datetime]


class BadFile(Exception):
    """Not a file of this provider's; the text says which line, and why. Nothing was taken in."""


@lru_cache(maxsize=64)
def _places(currency: str) -> int:
    return int(get_currency_precision(currency))


def minor(written: str, currency: str) -> int:
    """Read an amount as minor units; raises BadFile for what is none, or finer than the currency."""
    try:
        amount = Decimal(written.strip().replace(",", "") or "0").scaleb(_places(currency))
    except InvalidOperation as error:
        raise BadFile(f"{written!r} is no amount.") from error
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) >= 2**62:
        raise BadFile(f"{written!r} is no amount of {currency}.")
    return int(amount)


def _ours(written: str) -> UUID | None:
    try:
        return UUID(written.strip())
    except ValueError:
        return None


_SANDBOX_KINDS = {
    "payment": PAYMENT, "refund": REFUND, "payout": PAYOUT, "dispute": DISPUTE, "dispute_reversal": DISPUTE_BACK
}  # fmt: skip


def _sandbox(row: dict[str, str]) -> Row | None:
    kind = _SANDBOX_KINDS.get(row["kind"], OTHER)
    amount = minor(row["amount"], row["currency"])
    about = _ours(row["id"]) if kind in (PAYMENT, REFUND) else None
    if kind in (DISPUTE, DISPUTE_BACK):
        about = dispute_id("sandbox", row["id"])
    at = datetime.fromisoformat(row["at"])
    return kind, row["reference"], about, amount, minor(row["fee"], row["currency"]), row["currency"], at


_STRIPE_KINDS = {
    "charge": PAYMENT, "payment": PAYMENT, "refund": REFUND, "payment_refund": REFUND, "payout": PAYOUT,
    "dispute": DISPUTE, "dispute_reversal": DISPUTE_BACK,
}  # fmt: skip


def _stripe(row: dict[str, str]) -> Row | None:
    kind = _STRIPE_KINDS.get(row["reporting_category"], OTHER)
    currency = row["currency"].upper()
    named = {PAYMENT: "payment_metadata[payment]", REFUND: "refund_metadata[refund]"}.get(kind, "")
    about = row.get(named, "")
    gross, fee = minor(row["gross"], currency), minor(row["fee"], currency)
    at = datetime.strptime(row["created_utc"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    ours = _ours(about)
    if kind in (DISPUTE, DISPUTE_BACK) and row.get("source_id"):
        ours = dispute_id("stripe", row["source_id"])
    return kind, row["balance_transaction_id"], ours, gross, fee, currency, at


def _alipay(row: dict[str, str]) -> Row | None:
    back = "退款" in row["业务类型"]
    amount = minor(row["订单金额（元）"], "CNY")
    reference = row["退款批次号/请求号"] if back else row["支付宝交易号"]
    about = _ours(row["退款批次号/请求号"] if back else row["商户订单号"])
    at = datetime.strptime(row["完成时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA)
    fee = -minor(row["服务费（元）"], "CNY")
    return (REFUND if back else PAYMENT), reference, about, -abs(amount) if back else amount, fee, "CNY", at


def _wechat(row: dict[str, str]) -> Row | None:
    back = row["交易状态"] == "REFUND"
    if not back and row["交易状态"] != "SUCCESS":
        return None
    currency = row["货币种类"] or "CNY"
    at = datetime.strptime(row["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA)
    amount = -minor(row["退款金额"], currency) if back else minor(row["订单金额"], currency)
    reference = row["微信退款单号"] if back else row["微信订单号"]
    about = _ours(row["商户退款单号"] if back else row["商户订单号"])
    return (REFUND if back else PAYMENT), reference, about, amount, minor(row["手续费"], currency), currency, at


_READERS: dict[str, tuple[str, Callable[[dict[str, str]], Row | None]]] = {
    "sandbox": ("reference", _sandbox),
    "stripe": ("balance_transaction_id", _stripe),
    "alipay": ("支付宝交易号", _alipay),
    "wechat": ("微信订单号", _wechat),
}


def read(provider: str, lines: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of a provider's file; raises BadFile with the line's number, KeyError for a provider without one.

    What stands before the heading and the sums at the end (Alipay, WeChat) are passed over; so are the marks those put
    before a cell so that no spreadsheet rounds it.
    """
    key, reader = _READERS[provider]
    heading: list[str] | None = None
    for number, raw in enumerate(csv.reader(lines), start=1):
        cells = [cell.strip(" \t`\ufeff") for cell in raw]
        if heading is None:
            heading = cells if key in cells else None
            continue
        if not any(cells):
            continue
        if cells[0].startswith(_SUMS):
            return
        if len(cells) != len(heading):
            raise BadFile(f"Line {number} has {len(cells)} cells, not {len(heading)}.")
        try:
            row = reader(dict(zip(heading, cells, strict=True)))
        except BadFile as error:
            raise BadFile(f"Line {number}: {error}") from error
        except (KeyError, ValueError) as error:
            raise BadFile(f"Line {number} is not as {provider} writes them: {error}") from error
        if row is not None:
            yield row
    if heading is None:
        raise BadFile(f"There is no heading with {key!r}.")
