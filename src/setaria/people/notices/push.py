"""Messages to browsers (Web Push: RFC 8030, encrypted by RFC 8291, signed by RFC 8292).

The push service sees when something comes and how long it is, not what it says. What its owner no longer wants there, it
answers with 404 or 410, and the device is forgotten.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from secrets import token_bytes
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from django.conf import settings

from setaria.kernel.clock import seconds
from setaria.people.notices.models import Device, Message
from setaria.people.notices.trouble import Undeliverable
from setaria.people.notices.words import Writer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SECONDS_MAX = 5  # for one push, with everything
KEPT_FOR = timedelta(hours=24)  # by the push service, for a browser that is away
TEXT_BYTES_MAX = 1_500  # a push service takes 4,096 in all; a notification shows a tenth of that
TOKEN_FOR = timedelta(hours=12)  # a push service takes 24 hours at most
GONE = (404, 410)
RECORD_BYTES = 4_096  # a push is one record, and what it is given for one, at most
LAST_RECORD = b"\x02"
KEY_BYTES = 32
OVERLOADED = 429
SERVERS = 500  # and above: it may be better later


def deliver(messages: Sequence[Message], now: datetime) -> list[Exception | None]:
    """Send each; a push service that is away fails what is left for it at once."""
    # Only who sends pays for the HTTP client and the cipher.
    from setaria.kernel.outbound import Forbidden, Line, Unreached

    if not settings.PUSH_KEY:
        return [Undeliverable("There is no SETARIA_PUSH_KEY.")] * len(messages)
    devices = {str(device.pk): device for device in Device.objects.filter(pk__in=_ids(messages))}
    writer, away = Writer(messages), dict[str, Exception]()
    found: list[Exception | None] = []
    with Line(settings.OUTBOUND_NETWORKS) as line:
        for message in messages:
            device = devices.get(message.recipient)
            if device is None:
                found.append(Undeliverable("The device is gone."))
                continue
            service = urlsplit(device.endpoint).netloc
            if service in away:
                found.append(away[service])
                continue
            try:
                answer = line.post(device.endpoint, *_sealed(writer, message, device, now), seconds_max=SECONDS_MAX)
                found.append(_judged(answer.status, device, now))
            except (ValueError, LookupError, Forbidden) as error:
                found.append(Undeliverable(repr(error)))
            except Unreached as error:
                away[service] = error
                found.append(error)
    return found


def _ids(messages: Sequence[Message]) -> list[str]:
    return [message.recipient for message in messages]


def _judged(status: int, device: Device, now: datetime) -> Exception | None:
    if status in GONE:
        device.delete()
        return Undeliverable(f"The browser does not want messages any more ({status}).")
    if status == OVERLOADED or status >= SERVERS:
        return OSError(f"The push service answered {status}.")
    if not 200 <= status < 300:
        return Undeliverable(f"The push service answered {status}.")
    Device.objects.filter(pk=device.pk).update(reached_at=now)
    return None


def _sealed(writer: Writer, message: Message, device: Device, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Return a push's body and headers."""
    words = writer.words(message, now)
    shown = {"title": words.subject, "body": words.short(TEXT_BYTES_MAX), "url": words.path, "tag": message.key}
    until = message.lapses_at or now + KEPT_FOR
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(max(60, int((min(until, now + KEPT_FOR) - now).total_seconds()))),
        "Urgency": "high",
        "Authorization": _signature(device.endpoint),
    }
    return encrypt(msgspec.json.encode(shown), device.p256dh, device.auth), headers


def encrypt(plain: bytes, p256dh: str, auth: str) -> bytes:
    """Encrypt for one browser only (RFC 8291), as one record, with a key and a salt made for this one push."""
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDH,
        SECP256R1,
        EllipticCurvePublicKey,
        generate_private_key,
    )
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(length: int, salt: bytes, info: bytes, secret: bytes) -> bytes:
        return HKDF(SHA256(), length, salt, info).derive(secret)

    theirs, key, salt = decoded(p256dh), generate_private_key(SECP256R1()), token_bytes(16)
    ours = _point(key)
    shared = key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs))
    secret = derived(32, decoded(auth), b"WebPush: info\0" + theirs + ours, shared)
    content_key = derived(16, salt, b"Content-Encoding: aes128gcm\0", secret)
    nonce = derived(12, salt, b"Content-Encoding: nonce\0", secret)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(content_key).encrypt(nonce, plain + LAST_RECORD, None)


def _signature(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return _signed(f"{parts.scheme}://{parts.netloc}", settings.PUSH_KEY, int(seconds() // 3600))


@lru_cache(maxsize=32)
def _signed(audience: str, key: str, hour: int) -> str:
    """Say who we are to a push service; the same words for an hour."""
    import jwt

    claims = {
        "aud": audience,
        "exp": hour * 3600 + int(TOKEN_FOR.total_seconds()),
        "sub": settings.PUSH_CONTACT,
    }
    return f"vapid t={jwt.encode(claims, _private(key), algorithm='ES256')}, k={public_key(key)}"


@lru_cache(maxsize=2)
def public_key(key: str) -> str:
    """Return what browsers must know of our key; raises ValueError for what is no key."""
    return urlsafe_b64encode(_point(_private(key))).decode().rstrip("=")


def _private(key: str) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

    raw = decoded(key)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"A push key is {KEY_BYTES} bytes as base64url.")
    return derive_private_key(int.from_bytes(raw, "big"), SECP256R1())


def _point(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def decoded(text: str) -> bytes:
    """Read base64url with or without its padding; raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
