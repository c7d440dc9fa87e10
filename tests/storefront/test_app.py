"""The store as an app: its manifest, its service worker, its page for when there is no network."""

from django.test import Client

from setaria.channels.storefront.app import SHELL
from setaria.channels.storefront.models import Listed, Storefront
from tests.storefront.test_storefronts import Second
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


def test_only_what_anybody_may_see_is_kept(store: World, fan: Client) -> None:
    """The worker keeps what is marked; in a second storefront, and where the address names language and market, too."""
    assert 'headers.has("x-anybodys")' in fan.get("/sw.js").content.decode()
    phone = store.thing("mi-6", stock=1)
    first = Storefront.objects.create(code="first", name={"en": "Maker"}, line={"en": "We make."})
    Listed.objects.create(storefront=first, product=phone.product)
    Second(store).lists(phone)
    for home in ("/", "/en-cn/", "/fair/", "/fair/en-cn/"):
        kept = [home, f"{home}kinds/thing/", f"{home}products/mi-6/"]
        assert all(fan.get(path).headers.get("X-Anybodys") for path in kept), home
        private = ["account/", "basket/", "checkout/", "wishes/", "search/", "compare/", "accounts/email/", "offline/"]
        assert not any(fan.get(home + path).headers.get("X-Anybodys") for path in private), home


def test_the_offline_page_holds_nothing_of_whoever_is_here(store: World, fan: Client) -> None:
    page = Client(headers={"accept-language": "en"}).get("/offline/").content.decode()
    assert "You are offline" in page
    assert "Sign in" in page
