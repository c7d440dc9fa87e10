"""The worker process: lets overdue orders go within a second, owes back what must be refunded, clears up after
drops, and runs the queue's jobs (procrastinate) beside it.
"""

import signal
import threading
from collections.abc import Callable

import structlog
from django.db import close_old_connections

from setaria.kernel.clock import now
from setaria.trade.drops.prepare import finish
from setaria.trade.orders.release import EXPIRE_BATCH_MAX, expire
from setaria.trade.payments.refund import collect, send_due

SWEEP_SECONDS = 0.5

log = structlog.get_logger(__name__)


def sweep() -> None:
    """Do once what is due now."""
    while expire(now=now()) == EXPIRE_BATCH_MAX:
        pass
    if collect(now=now()):
        log.info("refunds_due")
    send_due(now=now())
    for slug in finish(now()):
        log.info("drop_finished", drop=slug)


def sweep_until(stopped: threading.Event, work: Callable[[], None] = sweep) -> None:
    """Sweep twice a second until told to stop; a failure is logged and tried again."""
    while not stopped.wait(SWEEP_SECONDS):
        try:
            work()
        except Exception:
            log.exception("sweep_failed")
            close_old_connections()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    sweep_until(stopped)
