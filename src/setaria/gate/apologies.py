"""What a browser is shown where a page cannot be: prepared, and whole without another request.

Whoever opens a page and is refused at the gate reads a sentence and sees what to do, not an object. Programs get the
object still (`answers.py`). Nothing here asks anything of the pages' threads, which are busy when this is needed.
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from random import randint

from django.conf import settings

from setaria.gate.answers import (
    MESSAGES,
    NO_SNIFF,
    NO_STORE,
    TOLD,
    Answer,
    Scope,
    overloaded,
    reads_english,
    refusal,
)

# Apart from each other, and later than programs: who was refused together must not come back together.
AGAIN_SECONDS = (4, 12)

_STYLE = (
    ":root{color-scheme:light dark;--paper:#fbf8f2;--ink:#23211c;--ink-2:#5b564b;--mark:#7d590d}"
    "@media(prefers-color-scheme:dark){:root{--paper:#161410;--ink:#f2ecdf;--ink-2:#bcb4a4;--mark:#ecc474}}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);"
    'font:1rem/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans",system-ui,"PingFang SC","Noto Sans SC",'
    '"Noto Sans CJK SC","Microsoft YaHei",sans-serif}'
    "main{max-width:30rem;padding:2rem 1.25rem;text-align:center}svg{width:3.5rem;color:var(--mark)}"
    "h1{font-size:1.5rem;line-height:1.3;margin:1rem 0 .5rem}p{margin:.5rem 0;color:var(--ink-2)}"
    "[data-second]{margin-top:2rem;font-size:.9375rem}"
)
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_MARK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8.4 22.6C8.6 16.6 10.8 10.4 13.8 6.2" fill="none" '
    'stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/><path d="M8.9 16C7 15.8 5.5 13.1 6.1 11.1c2 .5 3.5 '
    "3 2.8 4.9zM9.8 16.3c.2-1.9 2.8-3.5 4.8-3-.4 1.9-3 3.7-4.8 3zM10.1 12C8.3 11.6 7.2 8.7 8 6.8c2 .8 3.1 3.6 2.1 5.2zM11.1 "
    "12.4c.3-1.8 3.1-3.1 5-2.3-.6 1.9-3.4 3.3-5 2.3zM11.8 8.4C10.1 7.7 9.3 4.7 10.4 3c1.8 1 2.6 3.9 1.4 5.4zM12.7 "
    '8.9c.6-1.8 3.6-2.7 5.3-1.7-.8 1.8-3.8 2.8-5.3 1.7zM13.7 6.3c-.5-1.8 1.3-4.4 3.4-4.7.4 2-1.4 4.5-3.4 4.7z" '
    'fill="currentColor"/></svg>'
)
_CHOSEN = re.compile(rb"(?:^|;\s*)" + re.escape(settings.LANGUAGE_COOKIE_NAME.encode()) + rb"=([A-Za-z]{2})")
# By language: how it is marked, and what is said of coming back.
_AGAIN = {1: ("zh-Hans", "本页将在 {} 秒后自动重试。"), 2: ("en", "This page tries again by itself in {} seconds.")}


def page_or_refusal(code: str, scope: Scope) -> Answer:
    """Refuse with a page where somebody opened one, else with an object; `code` is one of `MESSAGES`.

    A page that was only looked for tries again by itself when the door is full. A form does not: nobody's order may be
    sent twice by a clock.
    """
    if not _opens_a_page(scope):
        return overloaded(scope) if code == "OVERLOADED" else refusal(code, scope)
    TOLD[code] += 1
    comes_back = code == "OVERLOADED" and scope["method"] == "GET"
    return _page(code, 2 if _chose_english(scope) else 1, randint(*AGAIN_SECONDS) if comes_back else 0)


def _opens_a_page(scope: Scope) -> bool:
    asked = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
    return asked and not scope["path"].startswith("/api/")


def _chose_english(scope: Scope) -> bool:
    """Whether the visitor reads English: as chosen in the store, else as the browser asks."""
    for name, value in scope["headers"]:
        if name == b"cookie" and (chosen := _CHOSEN.search(value)):
            return chosen[1].lower() == b"en"
    return reads_english(scope)


@lru_cache(maxsize=64)  # codes, languages and seconds are few
def _page(code: str, language: int, seconds: int) -> Answer:
    status = MESSAGES[code][0]
    refresh = f'<meta http-equiv="refresh" content="{seconds}">' if seconds else ""
    body = (
        f'<!doctype html><html lang="{_AGAIN[language][0]}"><meta charset="utf-8">{refresh}'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{MESSAGES[code][language]}</title><style>{_STYLE}</style>"
        f"<main>{_MARK}{_words(code, language, seconds, 'h1')}"
        f'<div data-second lang="{_AGAIN[3 - language][0]}">{_words(code, 3 - language, seconds, "p")}</div></main></html>'
    ).encode()
    fields = [
        (b"content-type", b"text/html; charset=utf-8"), NO_STORE, NO_SNIFF,
        (b"content-security-policy", _POLICY.encode()), (b"content-length", str(len(body)).encode()),
        *([(b"retry-after", str(seconds).encode())] if seconds else []),
    ]  # fmt: skip
    return Answer(
        {"type": "http.response.start", "status": status, "headers": fields},
        {"type": "http.response.body", "body": body},
    )


def _words(code: str, language: int, seconds: int, tag: str) -> str:
    again = f"<p>{_AGAIN[language][1].format(seconds)}</p>" if seconds else ""
    return f"<{tag}>{MESSAGES[code][language]}</{tag}>{again}"
