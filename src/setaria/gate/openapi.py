"""The gate's OpenAPI document: what `/rush/openapi.json` serves and the fuzzer reads."""

from typing import Any

import msgspec

from setaria.gate.intake import OrderMessage
from setaria.gate.places import PlaceMessage
from setaria.gate.room import JoinMessage
from setaria.trade.orders.requests import Placed
from setaria.trade.payments.sandbox.notification import SIGNATURE_HEADER, Notification
from setaria.trade.preorders.requests import Taken
from setaria.trade.queues.rooms import Standing

_SCHEMAS = msgspec.json.schema_components(
    (OrderMessage, PlaceMessage, JoinMessage, Placed, Taken, Notification, Standing),
    ref_template="#/components/schemas/{name}",
)[1]
_REFUSAL = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _refusals(**descriptions: str) -> dict[str, Any]:
    return {status.strip("_"): _json(_ref("Refusal"), text) for status, text in descriptions.items()}


_DROP = {"name": "drop", "in": "path", "required": True, "schema": {"type": "string"}}
_PROGRAMME = {"name": "programme", "in": "path", "required": True, "schema": {"type": "string"}}
_BUSY = "Too many at once, or the outcome cannot be told yet; repeat after Retry-After seconds"

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Setaria gate", "version": "1"},
    "paths": {
        "/rush/{drop}": {
            "get": {
                "summary": "A drop's state, from memory",
                "parameters": [_DROP],
                "responses": {
                    "200": _json({"type": "object"}, "Instants in UTC, prices in minor units"),
                    **_refusals(_404="There is no such drop"),
                },
            }
        },
        "/rush/{drop}/orders": {
            "post": {
                "summary": "Order with a pass; the same pass again gets the first answer",
                "parameters": [_DROP],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("OrderMessage")}},
                },
                "responses": {
                    "201": _json(_ref("Placed"), "Placed; the stock is held until `pay_by`"),
                    **_refusals(
                        _400="The request makes no sense",
                        _403="The pass is forged, lapsed or for another drop",
                        _404="There is no such drop",
                        _409="Refused, with the reason as a code; nothing was changed",
                        _413="The body is over 8 KiB",
                        _429="Many come from the same place: order again with the same pass after Retry-After seconds",
                        _503=_BUSY,
                    ),
                },
            }
        },
        "/rush/{drop}/room": {
            "get": {
                "summary": "How one stands in the waiting room, and the drop's state, from memory",
                "parameters": [
                    _DROP,
                    {"name": "ticket", "in": "query", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": _json(
                        {"type": "object", "required": ["slug", "room"], "properties": {"room": _ref("Standing")}},
                        "The drop's state, and one's standing as `room`; ask again after `again_ms`",
                    ),
                    **_refusals(
                        _403="The ticket is forged, lapsed or for another drop",
                        _404="There is no such drop, or it has no waiting room",
                        _503=_BUSY,
                    ),
                },
            },
            "post": {
                "summary": "Take a place in the waiting room; the same account again has the same place",
                "parameters": [_DROP],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("JoinMessage")}},
                },
                "responses": {
                    "200": _json(
                        {
                            "type": "object",
                            "required": ["number"],
                            "properties": {"number": {"type": ["integer", "null"]}},
                        },
                        "One's number; null until the early ones are put in order at the opening",
                    ),
                    **_refusals(
                        _400="The request makes no sense",
                        _403="The ticket is forged, lapsed or for another drop",
                        _404="There is no such drop, or it has no waiting room",
                        _409="The drop is over",
                        _413="The body is over 8 KiB",
                        _503=_BUSY,
                    ),
                },
            },
        },
        "/rush/{programme}/places": {
            "get": {
                "summary": "A programme's state, from memory",
                "parameters": [_PROGRAMME],
                "responses": {
                    "200": _json({"type": "object"}, "Server time, opening, closing, places promised and taken"),
                    **_refusals(_404="There is no such programme", _503=_BUSY),
                },
            },
            "post": {
                "summary": "Take a place with a pass; the same pass again gets the first answer",
                "parameters": [_PROGRAMME],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("PlaceMessage")}},
                },
                "responses": {
                    "201": _json(_ref("Taken"), "Taken; a deposit is due by `deposit_by` where there is one"),
                    **_refusals(
                        _400="The request makes no sense",
                        _403="The pass is forged, lapsed or for another programme",
                        _404="There is no such programme",
                        _409="Refused, with the reason as a code; nothing was changed",
                        _413="The body is over 8 KiB",
                        _503=_BUSY,
                    ),
                },
            },
        },
        "/payments/sandbox/notify": {
            "post": {
                "summary": "The sandbox bank tells of a payment",
                "parameters": [
                    {"name": SIGNATURE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("Notification")}},
                },
                "responses": {
                    "200": _json({"type": "object"}, "Taken note of; do not repeat"),
                    **_refusals(
                        _400="Not a notification",
                        _403="The signature does not match",
                        _413="The body is over 8 KiB",
                        _503=_BUSY,
                    ),
                },
            }
        },
        "/health": {"get": {"responses": {"200": _json({"type": "object"}, "The process is alive")}}},
        "/ready": {
            "get": {
                "responses": {
                    "200": _json({"type": "object"}, "The database answers"),
                    "503": _json({"type": "object"}, "It does not"),
                }
            }
        },
    },
    "components": {"schemas": {**_SCHEMAS, "Refusal": _REFUSAL}},
}
