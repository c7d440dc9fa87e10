"""Messages to browsers, over real HTTP: what came is decrypted as the browser does it, and its signature is checked."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from setaria.people.notices import devices, push
from setaria.people.notices.devices import DEVICES_MAX, NotASubscription, Subscription
from setaria.people.notices.models import Device, Message
from setaria.people.notices.push import decoded, encrypt, public_key
from setaria.people.notices.send import send_due
from setaria.people.notices.write import Note, write
from setaria.site.home import Home
from tests.notices.browser import Browser
from tests.notices.receiver import Receiver, receiving
from tests.races.together import together
from tests.world import HOUR, MINUTE, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"name": {"en": "Phone", "zh-hans": "手机"}, "variant": {"en": "Black"}, "thing_path": "/products/phone/", "path": "/alerts/x/"}  # fmt: skip


def tell(world: World, *recipients: object, language: str = "en", **how: object) -> None:
    write(
        [
            Note(f"event-{n}", "push", str(one), language, "alert_back", PHONE, **how)
            for n, one in enumerate(recipients)
        ],  # type: ignore[arg-type]
        now=world.now,
    )


@pytest.mark.parametrize(("language", "title"), [("en", "Phone is back"), ("zh-hans", "手机到货了")])
def test_a_browser_reads_what_was_told(world: World, receiver: Receiver, language: str, title: str) -> None:
    browser = Browser(receiver)
    device = browser.add(world, world.member())
    tell(world, device, language=language)
    assert send_due(world.now, "push") == 1
    (post,) = receiver.posts
    shown = browser.read(post)
    assert (shown["title"], shown["url"], shown["tag"]) == (title, "/products/phone/", "event-0")
    assert "http" not in shown["body"]  # its first paragraph, not the mail
    assert b"Phone" not in post.body
    assert post.headers["content-encoding"] == "aes128gcm"
    assert int(post.headers["ttl"]) == 24 * 3600
    row = Message.objects.get()
    assert (row.sent_at, Device.objects.get().reached_at) == (world.now, world.now)


def test_the_push_service_can_tell_that_it_is_us(world: World, receiver: Receiver, settings) -> None:
    tell(world, Browser(receiver).add(world, world.member()))
    send_due(world.now)
    kind, words = receiver.posts[0].headers["authorization"].split(" ", 1)
    said = dict(part.strip().split("=", 1) for part in words.split(","))
    assert (kind, said["k"]) == ("vapid", public_key(settings.PUSH_KEY))
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decoded(said["k"]))
    claims = jwt.decode(said["t"], key, algorithms=["ES256"], audience=f"http://127.0.0.1:{receiver.port}")
    assert claims["sub"] == settings.PUSH_CONTACT
    assert time.time() + 3600 < claims["exp"] < time.time() + 24 * 3600


def test_the_cipher_is_the_standards() -> None:
    """RFC 8291, section 5: the browser of the standard's own example reads what we encrypt."""
    import http_ece
    from cryptography.hazmat.primitives.asymmetric.ec import derive_private_key

    private = derive_private_key(int.from_bytes(decoded("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")), SECP256R1())
    point = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    auth = "BTBZMqHH6r4Tts7J_aSIgg"
    published = decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    said = b"When I grow up, I want to be a watermelon"
    assert http_ece.decrypt(published, private_key=private, auth_secret=decoded(auth), version="aes128gcm") == said
    ours = encrypt(said, point, auth)
    assert http_ece.decrypt(ours, private_key=private, auth_secret=decoded(auth), version="aes128gcm") == said
    assert ours != encrypt(said, point, auth)  # a key and a salt of its own each


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(world: World, receiver: Receiver, status: int) -> None:
    receiver.status = status
    tell(world, Browser(receiver).add(world, world.member()))
    send_due(world.now)
    assert Device.objects.count() == 0
    assert Message.objects.get().given_up_at == world.now


@pytest.mark.parametrize(("status", "waits"), [(429, True), (503, True), (400, False), (403, False), (301, False)])
def test_what_a_push_service_answers_is_understood(world: World, receiver: Receiver, status: int, waits: bool) -> None:
    receiver.status = status
    tell(world, Browser(receiver).add(world, world.member()))
    send_due(world.now)
    row = Message.objects.get()
    assert (row.given_up_at is None, row.sent_at) == (waits, None)
    assert Device.objects.count() == 1
    receiver.status = 201
    assert send_due(world.now + MINUTE) == waits
    assert len(receiver.posts) == 1 + waits  # and never what a redirect pointed to


def test_a_push_service_that_is_away_is_asked_once_a_batch_and_keeps_no_other(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SECONDS_MAX", 0.3)
    with receiving() as silent:
        silent.answers = [2.0, 2.0]
        slow = [Browser(silent, f"/{n}").add(world, world.member()) for n in range(2)]
        quick = Browser(receiver).add(world, world.member())
        tell(world, slow[0], slow[1], quick)
        assert send_due(world.now) == 3
        assert len(silent.posts) == 1
    assert len(receiver.posts) == 1
    assert Message.objects.filter(sent_at=None, given_up_at=None).count() == 2


def test_what_has_lapsed_is_not_told(world: World, receiver: Receiver) -> None:
    device = Browser(receiver).add(world, world.member())
    tell(world, device, lapses_at=world.now + MINUTE)
    tell(world, device, device, lapses_at=world.now + HOUR)  # the second is another event
    world.later(MINUTE)
    send_due(world.now)
    assert [int(post.headers["ttl"]) for post in receiver.posts] == [59 * 60]
    assert Message.objects.get(given_up_at__isnull=False).trouble == "Undeliverable('lapsed')"


def test_a_long_text_is_cut_and_nothing_is_sent_without_a_key(world: World, receiver: Receiver, settings) -> None:
    browser = Browser(receiver)
    device = browser.add(world, world.member())
    long = PHONE | {"name": {"en": "字" * 3_000}}
    write([Note("long", "push", str(device), "en", "alert_back", long)], now=world.now)
    settings.PUSH_KEY = ""
    send_due(world.now)
    assert receiver.posts == []
    Message.objects.update(given_up_at=None, due_at=world.now)
    settings.PUSH_KEY = "AAAA"
    send_due(world.now)
    assert "32 bytes" in Message.objects.get().trouble


# --- whose devices ---


def test_a_browser_is_one_persons_and_takes_no_ones_messages_along(world: World, receiver: Receiver) -> None:
    browser, first, second = Browser(receiver), world.member(), world.member()
    device = browser.add(world, first)
    assert browser.add(world, first) == device
    tell(world, device)
    other = browser.add(world, second)
    assert other != device
    assert [one.member_id for one in Device.objects.all()] == [second]
    send_due(world.now)
    assert receiver.posts == []  # what was the first one's is nobody's now
    assert not devices.remove(first, other)
    assert devices.remove(second, other)


def test_the_oldest_device_makes_room(world: World, receiver: Receiver) -> None:
    member = world.member()
    first = Browser(receiver, "/0").add(world, member)
    for number in range(1, DEVICES_MAX + 1):
        world.later(SECOND)
        Browser(receiver, f"/{number}").add(world, member)
    assert Device.objects.count() == DEVICES_MAX
    assert not Device.objects.filter(pk=first).exists()


def test_two_clicks_at_once_are_one_device(world: World, receiver: Receiver) -> None:
    browser, member = Browser(receiver), world.member()
    found = together(*[lambda: browser.add(world, member)] * 4)
    assert set(found) == {Device.objects.get().pk}


@pytest.mark.parametrize(
    "change",
    [{"endpoint": ""}, {"endpoint": "ftp://x/"}, {"endpoint": "https://"}, {"endpoint": "https://x/" + "y" * 1000},
     {"endpoint": "https://x/\x00"}, {"endpoint": "https://例子/"}, {"p256dh": "AAAA"}, {"p256dh": "!"}, {"auth": ""},
     {"auth": "A" * 43}, {"endpoint": "https://[x/"}],
)  # fmt: skip
def test_what_is_no_subscription_is_refused(world: World, receiver: Receiver, change: dict[str, str]) -> None:
    with pytest.raises(NotASubscription):
        devices.add(
            world.member(), Subscription(**(Browser(receiver).fields() | change)), name="", language="en", now=world.now
        )
    assert Device.objects.count() == 0


def test_our_own_network_is_not_asked(world: World, receiver: Receiver, settings) -> None:
    settings.OUTBOUND_NETWORKS = []
    tell(world, Browser(receiver).add(world, world.member()))
    send_due(world.now)
    assert receiver.posts == []
    assert "may be asked" in Message.objects.get().trouble


def test_a_home_makes_its_key_once(tmp_path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    key = home.push_key()
    assert home.push_key() == key
    assert len(decoded(public_key(key))) == 65
    assert (home.path / "push_key").stat().st_mode & 0o077 == 0
