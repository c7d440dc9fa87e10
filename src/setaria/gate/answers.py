"""HTTP answers of the gate: small JSON objects with a stable code and a sentence in the reader's language."""

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import lru_cache
from math import ceil
from random import choice, random
from typing import Any

import msgspec

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

encode = msgspec.json.Encoder().encode

_JSON = (b"content-type", b"application/json")
NO_SNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")

# code: (HTTP status, Chinese, English)
MESSAGES: dict[str, tuple[int, str, str]] = {
    "MALFORMED": (400, "请求内容有误，未做任何更改。", "The request makes no sense as it stands. Nothing was changed."),
    "UNKNOWN_ITEM": (409, "没有找到这件商品，或它不在本次活动中。", "There is no such item, or it is not part of this sale."),
    "MARKET_INFORMS_ONLY": (409, "该地区暂不直接销售。", "Nothing is sold directly in this market."),
    "NOT_OPEN": (409, "活动尚未开始，请在开始后再试。", "The sale is not open yet. Try again once it has opened."),
    "CLOSED": (409, "活动已结束。", "The sale is over."),
    "PRICE_CHANGED": (409, "价格已变动，请刷新页面后确认。", "The price has changed. Reload the page and look again."),
    "OVER_LIMIT": (409, "已达到每人限购数量。", "You already have as many as one customer may buy."),
    "SOLD_OUT": (409, "已售罄。若有未付款的订单失效，会重新开放。", "Sold out. Units come back when unpaid orders lapse."),
    "LANE_NOT_OPEN": (409, "您的通道尚未开放。", "Your lane is not open yet."),
    "FULL": (409, "名额已满。", "Every place has been taken."),
    "ID_CONFLICT": (409, "同一凭证已用于另一份订单。", "This pass was already used for a different order."),
    "BAD_PASS": (403, "凭证无效，请重新进入活动页面。", "This pass is not valid. Open the sale's page again."),
    "PASS_LAPSED": (403, "凭证已过期，请刷新活动页面。", "This pass has lapsed. Reload the sale's page."),
    "BAD_SIGNATURE": (403, "签名不符。", "The signature does not match."),
    "BAD_TICKET": (403, "排队凭证无效，请重新进入活动页面。", "This room ticket is not valid. Open the sale's page again."),
    "TICKET_LAPSED": (403, "排队凭证已过期，请刷新活动页面。", "This room ticket has lapsed. Reload the sale's page."),
    "NO_ROOM": (404, "这场活动不需要排队。", "This sale has no waiting room."),
    "UNKNOWN_DROP": (404, "没有这场活动。", "There is no such sale."),
    "UNKNOWN_PROGRAMME": (404, "没有这个预订计划。", "There is no such programme."),
    "NOT_FOUND": (404, "没有这个地址。", "There is nothing at this address."),
    "WRONG_METHOD": (405, "不支持这种请求方式。", "This address does not answer that method."),
    "TOO_SLOW": (408, "请求没有及时传完，未做任何更改，请再试一次。",
                 "The request did not arrive in time. Nothing was changed; send it again."),
    "TOO_LARGE": (413, "请求过大。", "The request is too large."),
    "GUARD_LATER": (429, "您所在的网络同时有很多人，请稍后再试；凭证保留。",
                    "From where you are many come at once. Your pass is kept; order again in a while."),
    "OVERLOADED": (503, "人多拥挤，请稍后重试。", "Too many people at once. Try again in a moment."),
    "UNSURE": (503, "暂时无法确认结果；请用同一凭证重试，不会重复下单。",
               "We cannot tell yet whether your order went through. Repeat it with the same pass: it cannot be made twice."),
    "UNSURE_PLACE": (503, "暂时无法确认您的位置；请重试，不会重复排队。",
                     "We cannot tell your place yet. Ask again: nobody gets two."),
}  # fmt: skip


class Answer(msgspec.Struct, frozen=True):
    """A complete HTTP answer, ready to send."""

    start: dict[str, Any]
    body: dict[str, Any]


def answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    """Prepare a JSON answer; prepared ones may be sent any number of times."""
    return Answer(_start(status, len(body), headers), {"type": "http.response.body", "body": body})


@lru_cache(maxsize=1024)  # orders' answers have few lengths
def _start(status: int, length: int, headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, Any]:
    fields = [_JSON, NO_STORE, NO_SNIFF, (b"content-length", str(length).encode()), *headers]
    return {"type": "http.response.start", "status": status, "headers": fields}


def _refusals(language: int) -> dict[str, Answer]:
    two = ((b"retry-after", b"2"),)
    extra = {"OVERLOADED": ((b"retry-after", b"1"),), "UNSURE": two, "UNSURE_PLACE": two}
    return {code: _prepared(code, language, *extra.get(code, ())) for code in MESSAGES}


def _prepared(code: str, language: int, *headers: tuple[bytes, bytes]) -> Answer:
    return answer(MESSAGES[code][0], encode({"code": code, "message": MESSAGES[code][language]}), *headers)


def _overloaded(language: int) -> list[Answer]:
    return [
        _prepared("OVERLOADED", language, (b"retry-after", str(seconds).encode()))
        for seconds in range(1, RETRY_SECONDS_MAX + 1)
    ]


RETRY_SECONDS_MAX = 4
SPREAD_SECONDS = 3.0
_CHINESE, _ENGLISH = _refusals(1), _refusals(2)
_OVERLOADED_CHINESE, _OVERLOADED_ENGLISH = _overloaded(1), _overloaded(2)


# Refusals by code, whatever was asked for. Counted on the event loop's thread only.
TOLD: Counter[str] = Counter()


def refusal(code: str, scope: Scope) -> Answer:
    """Return the prepared answer for a code in the language the reader's browser asks for (Chinese by default)."""
    TOLD[code] += 1
    return _ENGLISH[code] if reads_english(scope) else _CHINESE[code]


def overloaded(scope: Scope) -> Answer:
    """Tell somebody to come back, each after another while: who was refused together must not come back together."""
    TOLD["OVERLOADED"] += 1
    return choice(_OVERLOADED_ENGLISH if reads_english(scope) else _OVERLOADED_CHINESE)


def later(seconds: float, scope: Scope) -> Answer:
    """Tell somebody when to order again, a little apart from others who are told the same."""
    TOLD["GUARD_LATER"] += 1
    wait = str(ceil(seconds + SPREAD_SECONDS * random())).encode()
    return _prepared("GUARD_LATER", 2 if reads_english(scope) else 1, (b"retry-after", wait))


def reads_english(scope: Scope) -> bool:
    """Tell whether the reader's browser asks for English before anything else; who says nothing reads Chinese."""
    for name, value in scope["headers"]:
        if name == b"accept-language":
            english: bool = value[:2].lower() == b"en"
            return english
    return False


def wrong_method(allowed: str) -> Answer:
    """Answer 405 and say what is allowed."""
    return answer(405, _CHINESE["WRONG_METHOD"].body["body"], (b"allow", allowed.encode()))


async def respond(send: Send, prepared: Answer) -> None:
    """Send a prepared answer."""
    await send(prepared.start)
    await send(prepared.body)
