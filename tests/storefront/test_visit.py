"""A visitor's choices: market, language, theme; and pages for when something is wrong."""

import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client, RequestFactory

from setaria.channels.storefront import errors
from setaria.kernel.written import money_parts
from setaria.markets.models import Market
from tests.world import World


def test_the_first_market_that_sells_is_where_one_begins(store: World, visitor: Client) -> None:
    Market.objects.create(code="aa", name={"en": "A"}, mode="inform", currency="EUR", language="en", time_zone="UTC")
    assert visitor.get("/").context["market"] == store.cn
    visitor.cookies["market"] = "us"
    assert visitor.get("/").context["market"] == store.us
    visitor.cookies["market"] = "atlantis"
    assert visitor.get("/").context["market"] == store.cn


def test_a_market_is_chosen_and_kept(store: World, visitor: Client) -> None:
    response = visitor.post("/choose/market", {"market": "us", "next": "/basket/"})
    assert response["Location"] == "/basket/"
    assert visitor.get("/").context["market"] == store.us
    visitor.post("/choose/market", {"market": "\x00nowhere"})
    assert visitor.get("/").context["market"] == store.us


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "\\\\evil"])
@pytest.mark.parametrize("path", ["/choose/market", "/choose/theme"])
def test_one_is_never_sent_elsewhere(store: World, visitor: Client, path: str, where: str) -> None:
    assert visitor.post(path, {"market": "us", "theme": "dark", "next": where})["Location"] == "/"


def test_choices_need_the_pages_own_form(store: World) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    for path in ("/choose/market", "/choose/theme", "/i18n/setlang/", "/basket/add"):
        response = strict.post(path, {"market": "us", "theme": "dark", "language": "en"})
        assert response.status_code == 403
        assert "The page was open for too long" in response.content.decode()


@pytest.mark.parametrize(
    ("browser", "market", "spoken"),
    [("en-GB,en;q=0.9", "cn", "en"), ("zh-CN,zh;q=0.9", "us", "zh-hans"), ("zh-TW", "us", "zh-hans"),
     ("de-DE,en;q=0.5", "cn", "en"), ("de", "us", "en"), ("de", "cn", "zh-hans"), ("", "us", "en"), ("*", "us", "en"),
     ("x" * 5000, "cn", "zh-hans")],
)  # fmt: skip
def test_the_browsers_language_else_the_markets(store: World, browser: str, market: str, spoken: str) -> None:
    client = Client(headers={"accept-language": browser})
    client.cookies["market"] = market
    response = client.get("/")
    assert f'<html lang="{spoken}"' in response.content.decode()
    assert response["Content-Language"] == spoken


def test_a_chosen_language_wins(store: World, visitor: Client) -> None:
    response = visitor.post("/i18n/setlang/", {"language": "zh-hans", "next": "/basket/"})
    assert response["Location"] == "/basket/"
    page = visitor.get("/").content.decode()
    assert '<html lang="zh-hans"' in page
    assert "我们卖自己做的东西" in page


def test_a_theme_is_in_the_page_before_any_script_runs(store: World, visitor: Client) -> None:
    assert "data-theme=" not in visitor.get("/").content.decode()
    visitor.post("/choose/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in visitor.get("/").content.decode()
    visitor.cookies["theme"] = '"><script>'
    assert "data-theme=" not in visitor.get("/").content.decode()


@pytest.mark.parametrize(
    "path",
    ["/", "/basket/", "/design/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/",
     "/accounts/login/code/", "/nowhere"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_have_no_inline_script_or_style(store: World, visitor: Client, path: str, language: str) -> None:
    visitor.cookies["django_language"] = language
    page = visitor.get(path).content.decode()
    assert "<main" in page
    assert "style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " on" + "click" not in page


def test_one_can_sign_out(store: World, fan: Client) -> None:
    assert "Your basket is emptied" in fan.get("/accounts/logout/").content.decode()
    page = fan.post("/accounts/logout/", follow=True).content.decode()
    assert "You are signed out." in page
    assert fan.get("/account/")["Location"].startswith("/accounts/login/")


def test_pages_about_faults_are_in_words() -> None:
    request = RequestFactory().get("/")
    for answer, status in [(errors.bad_request(request, ValueError()), 400), (errors.forbidden(request, ValueError()), 403),
                           (errors.not_found(request, ValueError()), 404), (errors.broken(request), 500)]:  # fmt: skip
        assert answer.status_code == status
        assert "<h1>" in answer.content.decode()


def test_a_fault_page_that_fails_itself_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(template: str) -> str:
        raise RuntimeError("no template today")

    monkeypatch.setattr(errors, "render_to_string", fail)
    answer = errors.broken(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert b"Something broke" in answer.content


@pytest.mark.parametrize(
    ("amount", "currency", "language", "written"),
    [(199900, "CNY", "zh-hans", "¥1,999"), (5990, "CNY", "zh-hans", "¥59.9"), (499, "CNY", "zh-hans", "¥4.99"),
     (5990, "CNY", "en", "¥59.90"), (1, "CNY", "en", "¥0.01"), (12_999_900, "INR", "en", "₹1,29,999"),
     (104_950, "EUR", "en", "€1,049.50"), (123_456, "JPY", "en", "¥123,456"), (0, "CNY", "en", "¥0"),
     (29_990_000, "CNY", "zh-hans", "¥299,900"), (9_007_199_254_740_993, "CNY", "en", "¥90,071,992,547,409.93")],
)  # fmt: skip
def test_money_is_written_as_people_write_it(amount: int, currency: str, language: str, written: str) -> None:
    assert "".join(money_parts(amount, currency, language)) == written


LOCALE = Path(settings.LOCALE_PATHS[0])
REFRESH = "In src/setaria: django-admin makemessages -l zh_Hans --no-location --no-wrap, translate what is new, compilemessages."


def chinese() -> Catalog:
    with (LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale="zh_Hans")


def test_every_word_in_a_template_is_in_the_catalogue() -> None:
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in chinese()}
    used = {
        text
        for template in LOCALE.parent.rglob("templates/**/*.html")
        for text in re.findall(r'{%\s*translate\s+"([^"]+)"', template.read_text())
    }
    assert sorted(used - known) == [], REFRESH


def test_every_word_is_translated_and_compiled() -> None:
    catalog = chinese()
    missing = [
        m.id for m in catalog if m.id and (m.fuzzy or not all([m.string] if isinstance(m.string, str) else m.string))
    ]
    assert missing == []
    with (LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for m in catalog:
        if isinstance(m.id, tuple):
            assert compiled.ngettext(m.id[0], m.id[1], 2) == m.string[0], REFRESH
        elif m.context:
            assert compiled.pgettext(m.context, m.id) == m.string, REFRESH
        elif m.id:
            assert compiled.gettext(m.id) == m.string, REFRESH
    assert (LOCALE / "en" / "LC_MESSAGES" / "django.mo").exists()
