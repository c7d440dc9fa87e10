"""The store as an app: its manifest, its service worker, its page for when there is no network."""

import re

from django.test import Client

from setaria.channels.storefront.app import SHELL
from tests.world import World


def test_the_manifest_speaks_the_readers_language(store: World, visitor: Client) -> None:
    english = visitor.get("/app.webmanifest")
    assert english["Content-Type"] == "application/manifest+json"
    told = english.json()
    assert told["lang"] == "en"
    assert {shortcut["name"]: shortcut["url"] for shortcut in told["shortcuts"]}["Basket"] == "/basket/"
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
    visitor.cookies["django_language"] = "zh-hans"
    chinese = visitor.get("/app.webmanifest").json()
    assert chinese["lang"] == "zh-hans"
    assert {shortcut["name"] for shortcut in chinese["shortcuts"]} & {"购物车"}


def test_the_worker_is_looked_at_anew_and_names_the_shell(store: World, visitor: Client) -> None:
    answer = visitor.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    script = answer.content.decode()
    assert all(f"/static/store/{file}" in script for file in SHELL)


def test_only_what_anybody_may_see_is_kept(store: World, visitor: Client) -> None:
    """The worker's own rule, read from it as the browser does, over every address of the store."""
    script = visitor.get("/sw.js").content.decode()
    kept, never = (
        re.compile(re.search(rf"const {name} = /(.*)/;", script).group(1).replace(r"\/", "/"))  # type: ignore[union-attr]
        for name in ("KEPT", "NEVER")
    )

    def keeps(path: str) -> bool:
        return kept.match(path) is not None and never.match(path) is None

    assert all(keeps(path) for path in ["/", "/kinds/phone/", "/products/mi-6/", "/en-in/products/mi-6/", "/curated/"])
    private = ["/account/", "/basket/", "/checkout/", "/orders/x/", "/accounts/login/", "/wishes/", "/drops/tonight/",
               "/alerts/token/", "/bank/pay/x/", "/command/", "/wall/cn/", "/accounts/2fa/", "/search/"]  # fmt: skip
    assert not any(keeps(path) for path in private)


def test_the_offline_page_holds_nothing_of_whoever_is_here(store: World, fan: Client) -> None:
    page = Client(headers={"accept-language": "en"}).get("/offline/").content.decode()
    assert "You are offline" in page
    assert "Sign in" in page
