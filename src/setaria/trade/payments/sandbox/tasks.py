"""Telling the shop: a job for each notification, repeated until the shop has taken it, as real providers do."""

import ssl
from functools import cache
from uuid import UUID

import msgspec
from django.conf import settings
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from setaria.trade.payments.sandbox.manners import Status
from setaria.trade.payments.sandbox.notification import SIGNATURE_HEADER, Notification, key_from, sign

PATH = "/payments/sandbox/notify"
ANSWER_SECONDS_MAX = 10.0
AGAIN_SECONDS_MAX = 300
# With the pauses doubling from 1 s to 5 min: about a day, then the bank gives up, as real ones do.
ATTEMPTS_MAX = 290


class NotTaken(Exception):
    """The shop did not answer 200, so it must be told again."""


class UntilTaken(BaseRetryStrategy):
    """Again after 1, 2, 4 … seconds, at most `AGAIN_SECONDS_MAX`, whatever went wrong."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to try again, None past `ATTEMPTS_MAX`."""
        if job.attempts >= ATTEMPTS_MAX:
            return None
        return RetryDecision(retry_in={"seconds": min(2 ** min(job.attempts, 16), AGAIN_SECONDS_MAX)})


@app.task(name="sandbox.tell", queue="sandbox", retry=UntilTaken())
async def tell(payment_id: str, order_id: str, status: Status, amount: int, currency: str) -> None:
    """Post one signed notification to the shop; raises NotTaken unless it answers 200."""
    # Not at the top: this module is known to every process, and only the worker needs an HTTP client.
    import httpx

    body, signature = message(payment_id, order_id, status, amount, currency)
    headers = {"content-type": "application/json", SIGNATURE_HEADER: signature}
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False, verify=_trusted()) as client:
        answer = await client.post(settings.BASE_URL + PATH, content=body, headers=headers)
    if answer.status_code != 200:
        raise NotTaken(f"The shop answered {answer.status_code}.")


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed. Read once: for every notification anew it took fifty times as long as all the rest."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def message(payment_id: str, order_id: str, status: Status, amount: int, currency: str) -> tuple[bytes, str]:
    """Write a notification and sign it; return both. The same news is always the same bytes."""
    body = msgspec.json.encode(Notification(UUID(payment_id), UUID(order_id), status, amount, currency))
    return body, sign(key_from(settings.SECRET_KEY), body)
