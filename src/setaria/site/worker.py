"""The worker process: lets overdue orders go within a second, owes back what must be refunded, passes on
lapsed places, draws, clears up after drops, and runs the queue's jobs (procrastinate) beside it.
"""

import signal
import threading
from collections.abc import Callable

import psycopg
import structlog
from django.db import Error as DjangoError
from django.db import connection

from setaria.kernel.clock import now
from setaria.site.jobs import run_jobs
from setaria.trade.draws import draw as drawing
from setaria.trade.draws import queries as draws
from setaria.trade.draws.offer import pass_on
from setaria.trade.drops.prepare import finish
from setaria.trade.friendcodes import guesses
from setaria.trade.orders.release import EXPIRE_BATCH_MAX, expire
from setaria.trade.payments.refund import SEND_MAX, collect, send_due
from setaria.trade.preorders import deposits
from setaria.trade.preorders.supply import call_all

SWEEP_SECONDS = 0.5
JOBS_END_SECONDS = 2.0  # the database may be away; a job that is cut off is done again by the next worker

log = structlog.get_logger(__name__)


def sweep() -> None:
    """Do once what is due now."""
    _expire_all()
    _pass_on()
    if collect(now=now()) + deposits.collect(now=now()):
        log.info("refunds_due")
    while send_due(now=now()) == SEND_MAX:
        _expire_all()  # refunds may be many and slow; overdue orders do not wait for them
    _draw()
    for slug in finish(now()):
        log.info("drop_finished", drop=slug)
    guesses.forget(now())


def _draw() -> None:
    for draw in draws.due_to_seal(now()):
        if drawing.seal(draw, now=now()):
            log.info("draw_sealed", draw=draw)
    for draw in draws.due_to_draw():
        try:
            if drawing.draw(draw, now=now()):
                log.info("draw_drawn", draw=draw)
        except drawing.WrongSeed:
            log.error("draw_waits_for_its_secret", draw=draw)
    for draw in draws.due_to_pass_on():
        if offered := pass_on(draw, now=now()):
            log.info("draw_places_passed_on", draw=draw, places=offered)


def _pass_on() -> None:
    """Places of programmes: those without a deposit end, units that are free call the next in the queue."""
    deposits.lapse(now=now())
    while deposits.decide(now=now()) == deposits.DECIDE_MAX:
        pass
    if made := call_all(now=now()):
        log.info("places_ordered", places=made)


def _expire_all() -> None:
    while expire(now=now()) == EXPIRE_BATCH_MAX:
        pass


def sweep_until(stopped: threading.Event, work: Callable[[], None] = sweep) -> None:
    """Sweep twice a second until told to stop; a failure is logged and tried again."""
    while not stopped.wait(SWEEP_SECONDS):
        try:
            work()
        except (psycopg.Error, DjangoError) as error:
            log.warning("sweep_waits_for_database", error=repr(error))
            connection.close()
        except Exception:
            log.exception("sweep_failed")
            connection.close()


def main() -> None:
    """Sweep and run the queue's jobs until SIGTERM or SIGINT; ends within about two seconds of it."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    jobs = threading.Thread(target=run_jobs, args=(stopped,), name="jobs", daemon=True)
    jobs.start()
    sweep_until(stopped)
    jobs.join(JOBS_END_SECONDS)
