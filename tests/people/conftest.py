"""The store, a post office to look into, and nobody's tries counted yet."""

import re
from pathlib import Path

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from setaria.people.members.models import Member
from setaria.people.post import sandbox
from tests.storefront.conftest import fan, member, queries_of, store, visitor  # noqa: F401
from tests.world import World

PASSWORD = "millet-and-rifles"


@pytest.fixture(autouse=True)
def _fresh(transactional_db: None, settings, tmp_path: Path) -> None:
    settings.SANDBOX_MESSAGES = tmp_path / "messages"
    cache.clear()
    mail.outbox = []


class Post:
    """What people got."""

    def texts(self) -> list[str]:
        """Texts to telephones, newest first."""
        return [file.read_text(encoding="utf-8") for file in sandbox.latest()]

    def code(self) -> str:
        """The code in the newest message."""
        text = self.texts()[0] if self.texts() else str(mail.outbox[-1].body)
        found = re.search(r"(?<![\d.])\d{6}(?!\d)", text)
        assert found, text
        return found[0]

    def clear(self) -> None:
        """Forget all."""
        mail.outbox.clear()
        for file in sandbox.latest():
            file.unlink()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def account(store: World) -> Member:  # noqa: F811
    """Somebody with a verified address and a password."""
    return Member.objects.create_user("mi@example.org", PASSWORD)


@pytest.fixture
def phone_account(store: World) -> Member:  # noqa: F811
    """Somebody with a verified number and a password."""
    someone = Member(phone="+8613800000000", phone_verified=True)
    someone.set_password(PASSWORD)
    someone.save()
    return someone


def text_of(client: Client, path: str) -> str:
    """A page's source."""
    return client.get(path).content.decode()
