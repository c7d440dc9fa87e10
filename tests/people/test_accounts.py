"""Coming in: by email or telephone number, by password, code or app; and nobody learns who has an account."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client

from setaria.people.members.models import Member
from tests.people.conftest import PASSWORD, Post, text_of
from tests.world import World

CONTACTS = ["new@example.org", "138 0013 8000"]


def sign_in(client: Client, contact: str, password: str = PASSWORD):
    return client.post("/accounts/login/", {"login": contact, "password": password})


def signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.parametrize(
    "contact, email, phone, path",
    [
        ("New@Example.org", "new@example.org", None, "/accounts/confirm-email/"),
        ("138 0013 8000", None, "+8613800138000", "/accounts/phone/verify/"),
        ("+1 201 555 0123", None, "+12015550123", "/accounts/phone/verify/"),
    ],
)
def test_one_signs_up_with_an_address_or_a_number(
    store: World, visitor: Client, post: Post, contact: str, email: str | None, phone: str | None, path: str
) -> None:
    response = visitor.post("/accounts/signup/", {"contact": contact, "password1": PASSWORD})
    assert response["Location"] == path
    assert not signed_in(visitor)
    assert 'inputmode="numeric"' in text_of(visitor, path)
    assert visitor.post(path, {"code": "000000"}).status_code == 200
    assert visitor.post(path, {"code": post.code()})["Location"] == "/account/"
    assert signed_in(visitor)
    made = Member.objects.get()
    assert (made.email, made.phone, made.phone_verified) == (email, phone, phone is not None)

    again = Client(headers={"accept-language": "en"})
    assert sign_in(again, contact)["Location"] == "/account/"
    assert signed_in(again)


def test_three_wrong_codes_and_one_begins_anew(store: World, visitor: Client, post: Post) -> None:
    visitor.post("/accounts/signup/", {"contact": "new@example.org", "password1": PASSWORD})
    for _ in range(3):
        visitor.post("/accounts/confirm-email/", {"code": "000000"})
    assert visitor.post("/accounts/confirm-email/", {"code": post.code()})["Location"] != "/account/"
    assert not signed_in(visitor)


@pytest.mark.parametrize("contact", ["mi@example.org", "138 0000 0000"])
def test_one_signs_in_by_code(
    store: World, visitor: Client, account: Member, phone_account: Member, post: Post, contact: str
) -> None:
    assert visitor.post("/accounts/login/code/", {"contact": contact})["Location"] == "/accounts/login/code/confirm/"
    assert visitor.post("/accounts/login/code/confirm/", {"code": post.code()})["Location"] == "/account/"
    assert signed_in(visitor)


@pytest.mark.parametrize("contact", ["mi@example.org", "138 0000 0000"])
def test_one_recovers_by_code(
    store: World, visitor: Client, account: Member, phone_account: Member, post: Post, contact: str
) -> None:
    response = visitor.post("/accounts/password/reset/", {"email": contact})
    assert response["Location"] == "/accounts/password/reset/confirm/"
    assert visitor.post("/accounts/password/reset/confirm/", {"code": post.code()}).status_code == 302
    new = {"password1": "another-grain-of-millet", "password2": "another-grain-of-millet"}
    assert visitor.post("/accounts/password/reset/complete/", new).status_code == 302
    assert not signed_in(visitor)
    assert sign_in(visitor, contact).status_code == 200
    assert sign_in(visitor, contact, "another-grain-of-millet").status_code == 302


def seen(response) -> tuple[int, str, str]:
    """What a stranger sees of an answer, without what differs at every visit."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value|data-now)="[^"]+"', "", response.content.decode())
    return response.status_code, response.get("Location", ""), text


FORMS = [
    ("/accounts/signup/", "contact", {"password1": PASSWORD}),
    ("/accounts/login/", "login", {"password": "not-the-password"}),
    ("/accounts/login/code/", "contact", {}),
    ("/accounts/password/reset/", "email", {}),
    ("/accounts/signup/passkey/", "contact", {}),
]
PAIRS = [("mi@example.org", "no@example.org"), ("138 0000 0000", "138 0000 0001")]


@pytest.mark.parametrize("path, field, more", FORMS)
@pytest.mark.parametrize("known, unknown", PAIRS)
def test_nobody_learns_who_has_an_account(
    store: World, account: Member, phone_account: Member, path: str, field: str, more: dict[str, str], known: str,
    unknown: str, post: Post,
) -> None:  # fmt: skip
    """Each form, the page it leads to and a wrong code there look the same; and each sends one message."""
    stories, sent = [], []
    for contact in (known, unknown):
        post.clear()
        client = Client(headers={"accept-language": "en"})
        first = client.post(path, {field: contact, **more})
        story = [seen(first)]
        if first.get("Location"):
            story += [seen(client.get(first["Location"])), seen(client.post(first["Location"], {"code": "000000"}))]
        stories.append([(status, to, text.replace(known, "").replace(unknown, "")
                         .replace("+8613800000000", "").replace("+8613800000001", ""))
                        for status, to, text in story])  # fmt: skip
        sent.append(len(mail.outbox) + len(post.texts()))
    assert stories[0] == stories[1]
    assert sent[0] == sent[1] == (0 if path == "/accounts/login/" else 1)


def test_a_number_not_verified_is_nobodys(store: World, visitor: Client, post: Post) -> None:
    """Whoever writes somebody's number keeps nobody out."""
    visitor.post("/accounts/signup/", {"contact": "138 0013 8000", "password1": PASSWORD})
    cache.clear()
    owner = Client(headers={"accept-language": "en"})
    assert sign_in(owner, "138 0013 8000").status_code == 200
    owner.post("/accounts/signup/", {"contact": "138 0013 8000", "password1": "another-grain-of-millet"})
    assert Member.objects.count() == 2


def test_an_address_not_verified_can_be_taken_back(store: World, visitor: Client, post: Post) -> None:
    """Somebody signs up with another's address and a password of theirs; its owner recovers it, the password is void."""
    visitor.post("/accounts/signup/", {"contact": "mi@example.org", "password1": "the-thief-waits-here"})
    owner = Client(headers={"accept-language": "en"})
    owner.post("/accounts/password/reset/", {"email": "mi@example.org"})
    assert owner.post("/accounts/password/reset/confirm/", {"code": post.code()}).status_code == 302
    owner.post("/accounts/password/reset/complete/", {"password1": PASSWORD, "password2": PASSWORD})
    thief = Client(headers={"accept-language": "en"})
    assert sign_in(thief, "mi@example.org", "the-thief-waits-here").status_code == 200
    assert not signed_in(visitor)
    assert sign_in(owner, "mi@example.org").status_code == 302


def test_guessing_passwords_ends_soon_and_hits_nobody_else(
    store: World, account: Member, phone_account: Member, visitor: Client
) -> None:
    for _ in range(5):
        assert "These do not belong together" in sign_in(visitor, "138 0000 0000", "wrong").content.decode()
    assert "Too many failed" in sign_in(visitor, "138 0000 0000").content.decode()
    for number in range(5):
        sign_in(visitor, f"138 0000 01{number:02}", "wrong")
    other = Client(headers={"accept-language": "en"}, REMOTE_ADDR="192.0.2.7")
    assert sign_in(other, "mi@example.org").status_code == 302


def test_too_many_tries_are_told_so(store: World, visitor: Client) -> None:
    answers = [visitor.post("/accounts/login/", {"login": f"a{n}@example.org", "password": "x"}) for n in range(31)]
    assert answers[-1].status_code == 429
    assert "Too many tries in a short time" in answers[-1].content.decode()


def test_codes_to_one_number_are_few(store: World, phone_account: Member, post: Post) -> None:
    for n in range(6):
        client = Client(headers={"accept-language": "en"}, REMOTE_ADDR=f"192.0.2.{n}")
        client.post("/accounts/login/code/", {"contact": "138 0000 0000"})
    assert len(post.texts()) == 3


def test_the_address_behind_our_proxies_is_counted(store: World, account: Member, settings) -> None:
    from ipaddress import ip_network

    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    for number in range(12):
        client = Client(REMOTE_ADDR="10.1.1.1", headers={"x-forwarded-for": f"198.51.100.{number}"})
        client.post("/accounts/login/", {"login": f"b{number}@example.org", "password": "x"})
    honest = Client(REMOTE_ADDR="10.1.1.1", headers={"x-forwarded-for": "198.51.100.200"})
    assert sign_in(honest, "mi@example.org").status_code == 302


def totp(client: Client) -> str:
    secret = re.search(r"secret=([A-Z0-9]+)|value=\"([A-Z2-7]{32})\"", text_of(client, "/accounts/2fa/totp/activate/"))
    assert secret
    return secret[1] or secret[2]


def figures(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_an_app_is_a_second_step_and_a_recovery_code_replaces_it(
    store: World, account: Member, visitor: Client
) -> None:
    sign_in(visitor, "mi@example.org")
    asked = visitor.get("/accounts/2fa/totp/activate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    visitor.post(asked["Location"], {"password": PASSWORD})
    secret = totp(visitor)
    codes_page = visitor.post("/accounts/2fa/totp/activate/", {"code": figures(secret)})
    codes = re.findall(r"^\d{8}$", text_of(visitor, codes_page["Location"]), re.M) or re.findall(
        r"\b\d{8}\b", text_of(visitor, codes_page["Location"])
    )
    assert codes
    kept = account.authenticator_set.get(type="totp").data["secret"]
    assert secret not in kept  # not readable from the database alone

    again = Client(headers={"accept-language": "en"})
    assert sign_in(again, "mi@example.org")["Location"] == "/accounts/2fa/authenticate/"
    assert not signed_in(again)
    assert again.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert again.post("/accounts/2fa/authenticate/", {"code": codes[0]})["Location"] == "/account/"
    assert signed_in(again)
    third = Client(headers={"accept-language": "en"})
    sign_in(third, "mi@example.org")
    assert third.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 200  # good once
    assert not signed_in(third)
    assert TOTP is not None


def test_one_sees_ones_sessions_and_ends_the_others(store: World, account: Member, visitor: Client) -> None:
    other = Client(headers={"accept-language": "en", "user-agent": "Elsewhere"})
    sign_in(visitor, "mi@example.org")
    sign_in(other, "mi@example.org")
    assert UserSession.objects.count() == 2
    assert "Elsewhere" in text_of(visitor, "/accounts/sessions/")
    visitor.post("/accounts/sessions/")
    assert signed_in(visitor)
    assert not signed_in(other)


def do(client: Client, path: str, sent: dict[str, str]):
    """Send a form that changes an account, and the password once more where it is asked for."""
    answer = client.post(path, sent)
    if answer.get("Location", "").startswith("/accounts/reauthenticate/"):
        answer = client.post(answer["Location"], {"password": PASSWORD})
    return answer


def test_one_changes_address_number_and_password(store: World, account: Member, visitor: Client, post: Post) -> None:
    sign_in(visitor, "mi@example.org")
    assert do(visitor, "/accounts/email/", {"email": "mi2@example.org", "action_add": ""}).status_code == 302
    account.refresh_from_db()
    assert account.email == "mi@example.org"  # until the new one is verified
    assert visitor.post("/accounts/confirm-email/", {"code": post.code()}).status_code == 302
    account.refresh_from_db()
    assert account.email == "mi2@example.org"

    assert do(visitor, "/accounts/phone/change/", {"phone": "138 0013 8000"}).status_code == 302
    assert visitor.post("/accounts/phone/verify/", {"code": post.code()}).status_code == 302
    account.refresh_from_db()
    assert (account.phone, account.phone_verified) == ("+8613800138000", True)

    new = {"oldpassword": PASSWORD, "password1": "another-grain-of-millet", "password2": "another-grain-of-millet"}
    assert do(visitor, "/accounts/password/change/", new).status_code == 302
    fresh = Client(headers={"accept-language": "en"})
    assert sign_in(fresh, "138 0013 8000", "another-grain-of-millet").status_code == 302


PAGES = ["/accounts/login/", "/accounts/signup/", "/accounts/signup/passkey/", "/accounts/login/code/",
         "/accounts/password/reset/"]  # fmt: skip
OWN_PAGES = ["/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/", "/accounts/sessions/",
             "/accounts/email/", "/accounts/phone/change/", "/accounts/password/change/", "/accounts/2fa/totp/activate/",
             "/accounts/logout/"]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_is_the_stores(store: World, account: Member, visitor: Client, language: str) -> None:
    visitor.cookies["django_language"] = language
    for path in PAGES:
        assert_ours(visitor, path, language)
    sign_in(visitor, "mi@example.org")
    visitor.post(visitor.get("/accounts/2fa/webauthn/add/")["Location"], {"password": PASSWORD})
    for path in OWN_PAGES:
        assert_ours(visitor, path, language)


def assert_ours(client: Client, path: str, language: str) -> None:
    response = client.get(path)
    page = response.content.decode()
    assert response.status_code == 200, path
    assert 'id="main"' in page, path
    assert "Menu:" not in page
    assert "style=" not in page
    assert "<script>" not in page
    if language == "zh-hans":
        main = re.sub(
            r"<script.*?</script>|<code>.*?</code>", "", page[page.index("<main") : page.index("</main>")], flags=re.S
        )
        words = re.sub(r"<[^>]+>", " ", main)
        english = [
            word
            for word in re.findall(r"[A-Za-z]{3,}", words)
            if word.lower() not in ("passkey", "setaria", "example", "org", "python", "pin", "javascript")
        ]
        assert english == [], path


def test_wrong_passwords_are_counted_by_account_whatever_address_the_request_names(
    store: World, account: Member, settings
) -> None:
    settings.ALLOWED_HOSTS = [".example.org", "localhost"]
    for number in range(5):
        guesser = Client(headers={"host": f"{'a' * (number + 1)}.example.org:{9000 + number}"})
        assert (
            guesser.post("/accounts/login/", {"login": "MI@example.org", "password": f"guess-{number}"}).status_code
            == 200
        )
    right = Client(headers={"host": "localhost:1234", "accept-language": "en"})
    assert not signed_in(right)
    assert sign_in(right, "mi@example.org").status_code == 200
    assert not signed_in(right)
