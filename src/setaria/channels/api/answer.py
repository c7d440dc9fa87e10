"""From a request to an answer: finds the view, the store, who asks; reads what was sent, writes what is answered."""

import msgspec
import psycopg
import structlog
from django import db
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http.request import split_domain_port, validate_host
from django.utils import translation

from setaria.channels.api import openapi, routes
from setaria.channels.api.asked import Asked, BadToken, Call, language_of
from setaria.channels.api.deals import RefusalOut
from setaria.channels.api.refusals import No, sentence_of, status_of
from setaria.channels.api.who import who
from setaria.channels.storefront.directory import Known, all_known, stand
from setaria.kernel import clock

log = structlog.get_logger(__name__)

BODY_BYTES_MAX = 64 * 1024
QUERY_CHARS_MAX = 8_192
_RETRY = ("retry-after", "2")
_encode = msgspec.json.Encoder().encode
_DOCUMENT = _encode(openapi.DOCUMENT)


class Answer(msgspec.Struct, frozen=True):
    """A JSON answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def answer(call: Call) -> Answer:
    """Answer one request, on a thread that may wait for the database; never raises."""
    before = translation.get_language()
    try:
        return _answer(call)
    except SuspiciousOperation:  # such as a query of too many fields
        return _refuse(No(code="MALFORMED"))
    except (psycopg.Error, db.Error) as error:
        log.error("api_database", path=call.path, error=repr(error))
        return _refuse(No(code="UNSURE"))
    except Exception:
        log.exception("api_broken", path=call.path)
        return _refuse(No(code="BROKEN"))
    finally:
        translation.activate(before) if before else translation.deactivate()
        db.connection.close_if_unusable_or_obsolete()


def _answer(call: Call) -> Answer:
    host = split_domain_port(call.headers.get("host", ""))[0]
    if not validate_host(host, settings.ALLOWED_HOSTS):
        return _refuse(No(code="MALFORMED"))
    known = stand(all_known(), host, "/").known
    header = call.headers.get("accept-language", "")
    translation.activate(language_of(header, known.languages, ""))
    if call.path == f"{routes.PREFIX}/openapi.json":
        return Answer(200, _DOCUMENT) if call.method == "GET" else _wrong_method(["GET"])
    found = routes.find(call.method, call.path.removeprefix(routes.PREFIX).removesuffix("/"))
    if found is None:
        return _refuse(No(code="NOT_FOUND"))
    if isinstance(found, list):
        return _wrong_method(found)
    return _routed(call, known, found, header)


def _routed(call: Call, known: Known, found: routes.Found, header: str) -> Answer:
    place = next((p for p in known.places if found.market in ("", p.market.code)), None)
    if place is None:
        return _refuse(No(code="NO_MARKET"))
    translation.activate(language_of(header, known.languages, place.market.language))
    if len(call.query) > QUERY_CHARS_MAX:
        return _refuse(No(code="MALFORMED"))
    given = []
    if found.route.takes is not None:
        try:
            given = [_decoders[found.route.takes].decode(call.body)]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _refuse(No(code="MALFORMED", fields={"body": str(error)}))
    asking = who(call.headers.get("x-session-token", ""))
    if asking.ended:
        return _refuse(No(code="SESSION_ENDED"))
    asked = Asked(
        call, known, place.market, place.channel, version=asking.version, member_id=asking.member_id, now=clock.now()
    )
    try:
        said = found.route.view(asked, *found.values, *given)
    except BadToken:
        return _refuse(No(code="BAD_TOKEN"))
    return _refuse(said) if isinstance(said, No) else Answer(found.route.status, _encode(said))


_decoders: dict[type, msgspec.json.Decoder] = {
    route.takes: msgspec.json.Decoder(route.takes) for route in routes.ROUTES if route.takes is not None
}


def _refuse(no: No) -> Answer:
    status = status_of(no.code)
    told = RefusalOut(code=no.code, message=sentence_of(no), sku=no.sku, fields=no.fields, quote=no.quote)
    retry = (("retry-after", str(no.retry_seconds)),) if no.retry_seconds else (_RETRY,) if status == 503 else ()
    return Answer(status, _encode(told), retry)


def _wrong_method(allowed: list[str]) -> Answer:
    told = _refuse(No(code="WRONG_METHOD"))
    return Answer(told.status, told.body, (("allow", ", ".join(allowed)),))
