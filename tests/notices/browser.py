"""A browser's side of Web Push: its keys, and reading what was sent to it."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import http_ece
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from setaria.people.notices import devices
from setaria.people.notices.devices import Subscription
from tests.notices.receiver import Post, Receiver
from tests.world import World

SECRET = b"0123456789abcdef"


def written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


class Browser:
    """Somebody's browser, subscribed at the receiver as its push service."""

    def __init__(self, receiver: Receiver, path: str = "/push/1") -> None:
        self._key = generate_private_key(SECP256R1())
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = Subscription(receiver.url(path), written(point), written(SECRET))

    def fields(self) -> dict[str, str]:
        """What its script sends us."""
        given = self.subscription
        return {"endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth}

    def add(self, world: World, member: int, language: str = "en") -> UUID:
        return devices.add(member, self.subscription, name="Firefox, Linux", language=language, now=world.now)

    def read(self, post: Post) -> dict[str, Any]:
        plain = http_ece.decrypt(post.body, private_key=self._key, auth_secret=SECRET, version="aes128gcm")
        return json.loads(plain)
