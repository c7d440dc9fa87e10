"""The API's OpenAPI document, written from the routes and their messages: what `/api/v1/openapi.json` serves."""

import re
from typing import Any

import msgspec

from setaria.channels.api.deals import RefusalOut
from setaria.channels.api.refusals import status_of
from setaria.channels.api.routes import PREFIX, ROUTES, Route

_TYPES = {RefusalOut, *(route.gives for route in ROUTES), *(route.takes for route in ROUTES if route.takes)}
_SCHEMAS = msgspec.json.schema_components(
    sorted(_TYPES, key=lambda type: type.__name__), ref_template="#/components/schemas/{name}"
)[1]

# What any address may answer: a session that ended, too much, something wrong on our side.
_ANYWHERE = ("MALFORMED", "SESSION_ENDED", "TOO_LARGE", "BROKEN", "UNSURE")
_HEADERS = {
    "X-Session-Token": "Who is signed in: the token that signing in gave (/api/accounts/app/v1/auth/login)",
    "X-Basket-Token": "The anonymous basket, as its first line's answer gave it",
    "X-Order-Token": "A guest's order, as placing it gave it",
}
_OF_ORDERS = re.compile(r"/(orders|payments)/\{")


def _parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    in_path = [{"name": name, "in": "path", "required": True, "schema": _form(name)} for name in names]
    in_query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in route.query]
    sent = ["X-Session-Token"]
    if "basket" in route.path or "wishes" in route.path or route.path.endswith(("/quote", "}/orders")):
        sent.append("X-Basket-Token")
    if _OF_ORDERS.search(route.path):
        sent.append("X-Order-Token")
    headers = [
        {"name": name, "in": "header", "description": _HEADERS[name], "schema": {"type": "string"}} for name in sent
    ]
    return [*in_path, *in_query, *headers]


def _form(name: str) -> dict[str, Any]:
    return {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string"}


def _json(schema: str, description: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _answers(route: Route) -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for code in (*_ANYWHERE, *(("NO_MARKET",) if "{market}" in route.path else ()), "NOT_FOUND", *route.refuses):
        codes.setdefault(status_of(code), []).append(code)
    refusals = {str(status): _json("RefusalOut", ", ".join(dict.fromkeys(codes[status]))) for status in sorted(codes)}
    return {str(route.status): _json(route.gives.__name__, route.summary), **refusals}


def _operation(route: Route) -> dict[str, Any]:
    body = {} if route.takes is None else {"requestBody": {"required": True, "content": {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{route.takes.__name__}"}}}}}  # fmt: skip
    return {"summary": route.summary, "parameters": _parameters(route), **body, "responses": _answers(route)}


def _paths() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for route in ROUTES:
        found.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return found


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Setaria store", "version": "1"},
    "paths": _paths(),
    "components": {"schemas": _SCHEMAS},
}
