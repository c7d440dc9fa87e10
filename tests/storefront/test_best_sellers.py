"""Each storefront's best-sellers: from the counters, of paid orders, and not older than five minutes."""

from django.test import Client

from setaria.channels.storefront.bestsellers import COUNTED, RENEWED_AFTER, recount
from setaria.channels.storefront.models import BestSeller
from tests.world import SECOND, World


def best(client: Client) -> list[str]:
    return [card.product.slug for card in client.get("/").context["best"]]


def test_what_is_paid_most_of_comes_first(store: World, visitor: Client) -> None:
    band, phone, car = (store.thing(slug, stock=9) for slug in ("band", "phone", "car"))
    assert best(visitor) == []
    store.pay(store.placed((phone, 1)))
    store.pay(store.placed((band, 3)))
    store.placed((car, 5))  # never paid
    store.later(SECOND)
    assert recount(now=store.now)
    assert best(visitor) == ["band", "phone"]
    assert set(BestSeller.objects.values_list("channel_id", flat=True)) == {store.web.pk}


def test_lists_are_counted_anew_when_they_are_old(store: World, visitor: Client) -> None:
    band, phone = store.thing("band", stock=9), store.thing("phone", stock=9)
    store.pay(store.placed(band))
    assert recount(now=store.now)
    store.pay(store.placed((phone, 2)))
    assert not recount(now=store.now + RENEWED_AFTER)
    assert best(visitor) == ["band"]
    assert recount(now=store.now + RENEWED_AFTER + SECOND)
    assert best(visitor) == ["phone", "band"]
    assert recount(now=store.now + COUNTED + RENEWED_AFTER)
    assert best(visitor) == []


def test_what_is_not_shown_here_is_left_out(store: World, visitor: Client) -> None:
    band = store.thing("band", stock=9)
    store.pay(store.placed(band))
    recount(now=store.now)
    band.product.published = False
    band.product.save()
    assert best(visitor) == []
