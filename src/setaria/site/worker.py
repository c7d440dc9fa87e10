"""The worker process: does what is due by the clock (`CHORES`)."""

import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection

from setaria.channels.storefront import bestsellers
from setaria.channels.storefront.alerts import path_of
from setaria.channels.storefront.guest import page_of
from setaria.goods.search.forget import forget_words
from setaria.goods.search.refresh import refresh
from setaria.kernel.clock import follow_database, now
from setaria.people.notices import send as post
from setaria.people.notices.channels import CHANNELS
from setaria.sight.command.incidents import note_incident
from setaria.sight.command.pulse import beat_until
from setaria.site import happenings
from setaria.site.chores import LOOK_SECONDS, Chore, done, sweep, sweep_until
from setaria.trade.alerts import tell as alerts
from setaria.trade.announcements.go_out import go_out
from setaria.trade.baskets.forget import forget_abandoned
from setaria.trade.bestsellers.add_up import add_up
from setaria.trade.books.record import record
from setaria.trade.campaigns.models import Status
from setaria.trade.campaigns.turn import turn
from setaria.trade.draws import draw as drawing
from setaria.trade.draws import queries as draws
from setaria.trade.draws.offer import pass_on
from setaria.trade.drops.prepare import finish
from setaria.trade.friendcodes import guesses
from setaria.trade.giftcards import spend as giftcards
from setaria.trade.guard import forget as guard
from setaria.trade.guard import judge
from setaria.trade.invoices.issue import ISSUE_MAX, issue_due
from setaria.trade.invoices.returns import credit_returns
from setaria.trade.news import tell as news
from setaria.trade.orders.release import EXPIRE_BATCH_MAX, expire
from setaria.trade.payments.ask import ASK_MAX, ask_due
from setaria.trade.payments.providers import TURN_SECONDS
from setaria.trade.payments.refund import SEND_MAX, collect, send_due
from setaria.trade.payments.sandbox import tell as sandbox
from setaria.trade.points import spend as points
from setaria.trade.points.follow import follow
from setaria.trade.preorders import deposits
from setaria.trade.preorders.end import end_over
from setaria.trade.preorders.money import hear, wanted
from setaria.trade.preorders.supply import call_all
from setaria.trade.promotions import spend as promotions
from setaria.trade.webhooks import deliver as hooks
from setaria.trade.webhooks.forget import forget as forget_webhooks
from setaria.trade.webhooks.gather import gather

HOOKS_AT_ONCE = 8  # endpoints that are asked at the same time
MINUTE = 60.0
POST_ENDS_SECONDS = 1.0  # what was not noted as sent by then goes again, after its lease
PULSE_ENDS_SECONDS = 1.0
DEALING_ENDS_SECONDS = 1.0  # a call that is cut off is made again, under the same key

log = structlog.get_logger(__name__)

_looks = deposits.Looks()
_waiting_draws: set[int] = set()  # that were told of: a secret that is missing now is missing until somebody acts


def _expire() -> None:
    """Overdue orders go, and their units are for sale again."""
    while expire(now=now()) == EXPIRE_BATCH_MAX:
        pass


def _pass_on() -> None:
    """Places of programmes: those without a deposit end, units that are free call the next in the queue."""
    deposits.lapse(now=now())
    if ended := end_over(now=now()):
        log.info("places_ended_with_their_programme", places=ended)
    _looks.decide(time.monotonic(), now=now())
    if made := call_all(now=now()):
        log.info("places_ordered", places=made)


def _owe() -> None:
    """What is owed back is noted; it is sent by another thread."""
    if collect(now=now()) + deposits.collect(now=now()):
        log.info("refunds_due")


def _send_refunds() -> None:
    """What is owed back is sent."""
    while send_due(now=now()) == SEND_MAX:
        pass


def _ask_providers() -> None:
    """Providers are asked about payments that nobody told us the end of; then refunds have their turn, however many wait."""
    ends = now() + timedelta(seconds=TURN_SECONDS)
    while (at := now()) < ends and ask_due(now=at, hear=hear, wanted=wanted) == ASK_MAX:
        pass


def _tell_of_charges() -> None:
    """The shop is told what the sandbox bank took."""
    while sandbox.tell_due(now=now()) == sandbox.TELL_MAX:
        pass


def _give_back() -> None:
    """Discounts, points and cards' money set aside for orders that came to nothing may be used again."""
    if back := points.heal(now=now()):
        log.info("points_given_back", orders=back)
    if mended := giftcards.heal(now=now()):
        log.info("gift_cards_mended", spendings=mended)
    if back := promotions.heal(now=now()) + promotions.follow_returns(now=now()):
        log.info("promotions_given_back", uses=back)


def _earn() -> None:
    """Points are earned, taken back and lapse."""
    follow(now=now())


def _draw() -> None:
    """Draws are sealed and drawn at their time, and places not used pass on."""
    for draw in draws.due_to_seal(now()):
        if drawing.seal(draw, now=now()):
            log.info("draw_sealed", draw=draw)
    for draw in draws.due_to_draw():
        try:
            if drawing.draw(draw, now=now()):
                log.info("draw_drawn", draw=draw)
            _waiting_draws.discard(draw)
        except drawing.WrongSeed:
            if draw not in _waiting_draws:
                _waiting_draws.add(draw)
                log.error("draw_waits_for_its_secret", draw=draw)
                note_incident(
                    f"Draw {draw} waits for the secret it was announced under.",
                    now=now(),
                    level="failure",
                    part="worker",
                )
    for draw in draws.due_to_pass_on():
        if offered := pass_on(draw, now=now()):
            log.info("draw_places_passed_on", draw=draw, places=offered)


def _clear_up() -> None:
    """What is left in the pools of drops that are over goes back; guesses at codes are forgotten."""
    for slug in finish(now()):
        log.info("drop_finished", drop=slug)
    guesses.forget(now())


def _turn_campaigns() -> None:
    """That a campaign has opened or closed is written down; its drops do so by themselves."""
    for each in turn(now()):
        log.info("campaign_turned", campaign=each.slug, status=Status(each.status).label)


def _index() -> None:
    """What changed in the catalogue is found by its new words."""
    refresh()


def _judge() -> None:
    """Shortly before a guarded drop opens, those who have a pass already are looked at again."""
    for policy in judge.due(now()):
        if late := judge.judge(policy, now=now()):
            log.info("guard_judged", drop=policy.drop_id, late=late)


def _count_best_sellers() -> None:
    """What each storefront sells most of is counted every few minutes."""
    bestsellers.recount(now=now())


def _forget() -> None:
    """What the guard of a drop noted about people is deleted once it is of no use."""
    guard.forget(now())


def _forget_baskets() -> None:
    """Anonymous baskets that nobody came back for, and links that ended."""
    forget_abandoned(now())


def _forget_words() -> None:
    """Words that no product is heard by any more."""
    forget_words()


def _forget_messages() -> None:
    """What was told long ago."""
    post.forget(now())


def _forget_webhooks() -> None:
    """What other systems were told long ago."""
    forget_webhooks(now())


def _tell() -> None:
    """Who waited for a thing or a drop is told: their messages wait to go out from then on."""
    if told := alerts.tell_due(path_of, now=now()):
        log.info("alerts_told", alerts=told)


def _forget_alerts() -> None:
    """Who asked to be told, never confirmed it, or was told long ago."""
    alerts.forget(now())


def _enter_happenings() -> None:
    """What the supervisor saw comes into the incident log."""
    happenings.enter(settings.HOME)


def _add_up() -> None:
    """What sold best lately is added up, for listings to sort by."""
    add_up(now())


def _keep_books() -> None:
    """What has happened in money is entered in the books."""
    record(now=now())


def _invoice() -> None:
    """Paid orders whose buyers asked, or all where the market has it so, get their invoices."""
    while issue_due(now=now()) >= ISSUE_MAX:
        _expire()  # a rush's invoices are many; overdue orders do not wait for them


def _credit() -> None:
    """What was invoiced and taken back gets its credit note."""
    credit_returns(now=now())


def _look_at_the_clock() -> None:
    """What is due is due by the database's clock: were ours fast, orders would expire early."""
    follow_database()


def _tell_news() -> None:
    """Buyers are told what became of their orders."""
    if told := news.tell(page_of, now=now()):
        log.info("news_told", news=told)


def _announce() -> None:
    """Fans are told what is announced."""
    if written := go_out(now()):
        log.info("announced", messages=written)


# What somebody waits for is looked at twice a second; what nobody waits for, less often.
CHORES = (
    Chore(_expire),
    Chore(_pass_on),
    Chore(_owe),
    Chore(_draw),
    Chore(_judge),
    Chore(_turn_campaigns, 1.0),
    Chore(_index, 1.0),
    Chore(_invoice, 1.0),
    Chore(_keep_books, 2.0),
    Chore(_give_back, 2.0),
    Chore(_clear_up, 2.0),
    Chore(_enter_happenings, 2.0),
    Chore(_tell, 3.0),
    Chore(_earn, 5.0),
    Chore(_count_best_sellers, 5.0),
    Chore(_credit, 10.0),
    Chore(_forget, MINUTE),
    Chore(_forget_alerts, MINUTE),
    Chore(_forget_baskets, MINUTE),
    Chore(_forget_messages, MINUTE),
    Chore(_forget_words, 24 * 60 * MINUTE),
    Chore(_forget_webhooks, MINUTE),
    Chore(_add_up, 5 * MINUTE),
)
# Each in a thread of its own: a slow provider, or news for a million buyers, keeps no order waiting.
BANK = (Chore(_tell_of_charges),)
DEALINGS = (Chore(_send_refunds), Chore(_ask_providers))
NEWS = (Chore(_tell_news, 3.0), Chore(_announce, 1.0))


def _sweep_until(stopped: threading.Event) -> None:
    """Do the chores by the database's clock; without a look at it nothing is done at all."""
    while not stopped.wait(LOOK_SECONDS):
        if done(_look_at_the_clock):
            sweep(CHORES, stopped)


def _posting(channel: str, stopped: threading.Event) -> Chore:
    """Send the messages of a channel that wait, as fast as it takes them."""

    def post_some() -> None:
        while not stopped.is_set() and post.send_due(now(), channel) == post.SEND_MAX:
            pass

    return Chore(post_some, 1.0)


def _hooks_until(stopped: threading.Event) -> None:
    """Tell other systems; each endpoint in a thread of its own while it is asked, so that a slow one keeps none waiting."""
    busy: dict[UUID, Future[None]] = {}

    def tell_hooks() -> None:
        for endpoint in hooks.due(now()):
            if endpoint not in busy or busy[endpoint].done():
                busy[endpoint] = pool.submit(_hook, endpoint)

    def gather_events() -> None:
        gather(now=now())

    with ThreadPoolExecutor(HOOKS_AT_ONCE, thread_name_prefix="hook") as pool:
        sweep_until(stopped, (Chore(gather_events, 2.0), Chore(tell_hooks, 1.0)))
        pool.shutdown(wait=False, cancel_futures=True)


def _hook(endpoint: UUID) -> None:
    def deliver() -> None:
        hooks.deliver(endpoint, now())

    done(deliver)
    connection.close()  # the thread may have nothing to do for a long time


def main() -> None:
    """Sweep and send messages until SIGTERM or SIGINT; ends within about two seconds of it."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    telling = threading.Thread(target=sweep_until, args=(stopped, NEWS), name="news", daemon=True)
    telling.start()
    hooking = threading.Thread(target=_hooks_until, args=(stopped,), name="hooks", daemon=True)
    hooking.start()
    posting = [
        threading.Thread(
            target=sweep_until, args=(stopped, (_posting(name, stopped),)), name=f"post-{name}", daemon=True
        )
        for name in CHANNELS
    ]
    for thread in posting:
        thread.start()
    banking = threading.Thread(target=sweep_until, args=(stopped, BANK), name="bank", daemon=True)
    banking.start()
    dealing = threading.Thread(target=sweep_until, args=(stopped, DEALINGS), name="providers", daemon=True)
    dealing.start()
    pulse = threading.Thread(target=beat_until, args=(stopped, "worker"), name="pulse", daemon=True)
    pulse.start()
    _sweep_until(stopped)
    ends = time.monotonic() + POST_ENDS_SECONDS
    for thread in [telling, hooking, *posting]:
        thread.join(max(0.0, ends - time.monotonic()))
    for thread in (banking, dealing):
        thread.join(DEALING_ENDS_SECONDS)
    pulse.join(PULSE_ENDS_SECONDS)
