"""The gate, as a buyer's phone and a bank meet it."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
import pytest
from django.db import connection

from setaria.gate import intake
from setaria.gate.answers import MESSAGES, RETRY_SECONDS_MAX
from setaria.gate.board import REFRESH_SECONDS
from setaria.gate.committer import Committer
from setaria.gate.intake import BODY_BYTES_MAX
from setaria.goods.catalog.models import Variant
from setaria.kernel import clock
from setaria.kernel.batches import Steps
from setaria.kernel.ids import new_id
from setaria.trade.drops import passes
from setaria.trade.orders.models import Order
from setaria.trade.orders.release import Cancellation, cancel
from setaria.trade.payments.sandbox.notification import key_from, sign
from tests.gate.client import Client, Response, page, running, until
from tests.gate.conftest import Night
from tests.world import DAY

assert REFRESH_SECONDS < 1

# --- orders ---


def test_an_order_is_placed(night: Night, gate: Client) -> None:
    order = new_id()
    answer = gate.order(night.drop, night.a_phone, night.a_band, token=gate.token(night.drop, 42, order))
    assert answer.status == 201
    assert (answer.json["outcome"], answer.json["id"], answer.json["total"], answer.json["currency"]) == (
        "placed", str(order), 214800, "CNY",
    )  # fmt: skip
    row = Order.objects.get()
    assert (row.id, row.customer_id, row.drop_id, row.total) == (order, 42, night.drop.id, 214800)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_pass_for_one_thing_buys_nothing_else(night: Night, gate: Client) -> None:
    phone = Variant.objects.get(sku=night.phone.sku)
    token = passes.issue(gate.key, 42, night.drop.id, new_id(), clock.now(), variant_id=phone.pk)
    assert gate.order(night.drop, night.a_band, token=token).said == (409, "UNKNOWN_ITEM")
    assert gate.order(night.drop, night.a_phone, night.a_band, token=token).said == (409, "UNKNOWN_ITEM")
    assert gate.order(night.drop, night.a_phone, token=token).status == 201


def test_the_same_pass_again_gets_the_first_answer(night: Night, gate: Client) -> None:
    token = gate.token(night.drop)
    first, again = (gate.order(night.drop, night.a_phone, token=token) for _ in range(2))
    assert (first, Order.objects.count()) == (again, 1)
    assert gate.order(night.drop, night.a_band, token=token).said == (409, "ID_CONFLICT")


def test_every_refusal(night: Night, gate: Client) -> None:
    drop, phone, band = night.drop, night.phone.sku, night.band.sku
    before, over = night.another_drop(5, 5), night.another_drop(-20, 5)
    until(lambda: {before.slug, over.slug} <= gate.gate.memory.drops.keys())
    fan = gate.token(drop, 7)
    events: list[tuple[Callable[[], Response], tuple[int, str]]] = [
        (lambda: gate.order(drop, (phone, 4, 199900)), (409, "OVER_LIMIT")),
        (lambda: gate.order(drop, (phone, 1, 199800)), (409, "PRICE_CHANGED")),
        (lambda: gate.order(drop, ("NO-SUCH", 1, 1)), (409, "UNKNOWN_ITEM")),
        (lambda: gate.order(before, night.a_phone), (409, "NOT_OPEN")),
        (lambda: gate.order(over, night.a_phone), (409, "CLOSED")),
        (lambda: gate.order(drop), (400, "MALFORMED")),
        (lambda: gate.order(drop, night.a_phone, night.a_phone), (400, "MALFORMED")),
        (lambda: gate.order(drop, *[(band, 1, 1)] * 51), (400, "MALFORMED")),
        (lambda: gate.order(drop, night.a_phone, slug="no-such-drop"), (404, "UNKNOWN_DROP")),
        (lambda: gate.order(drop, night.a_phone, token=gate.token(before)), (403, "BAD_PASS")),
        (lambda: gate.order(drop, night.a_phone, token=fan[:-8] + "AAAAAA=="), (403, "BAD_PASS")),
        (lambda: gate.order(drop, night.a_phone, token="x"), (403, "BAD_PASS")),
        (lambda: gate.order(drop, night.a_phone, token=lapsed(gate, night)), (403, "PASS_LAPSED")),
        (lambda: gate.ask("GET", "/rush/no-such-drop"), (404, "UNKNOWN_DROP")),
        (lambda: gate.ask("GET", "/rush/a/b/c"), (404, "NOT_FOUND")),
        (lambda: gate.ask("GET", f"/rush/{drop.slug}/orders"), (405, "WRONG_METHOD")),
        (lambda: gate.ask("DELETE", f"/rush/{drop.slug}"), (405, "WRONG_METHOD")),
        (lambda: gate.ask("GET", "/payments/sandbox/notify"), (405, "WRONG_METHOD")),
    ]
    assert [ask().said for ask, _ in events] == [expected for _, expected in events]
    assert Order.objects.count() == 0


def lapsed(gate: Client, night: Night) -> str:
    return passes.issue(gate.key, 1, night.drop.id, new_id(), clock.now() - DAY)


@pytest.mark.parametrize("quantity", [-1, 0, 10_001, 2**31, 2**63 - 1, 2**63, -(2**63), 2**64, 10**300])
def test_a_strange_quantity_is_malformed(night: Night, gate: Client, quantity: int) -> None:
    assert gate.order(night.drop, (night.phone.sku, quantity, 199900)).said == (400, "MALFORMED")


@pytest.mark.parametrize("price", [-1, 0, 2**31, 2**63 - 1, 2**63, -(2**63), 2**64, 10**300])
def test_a_strange_price_is_no_accident(night: Night, gate: Client, price: int) -> None:
    said = gate.order(night.drop, (night.phone.sku, 1, price)).said
    assert said in {(400, "MALFORMED"), (409, "PRICE_CHANGED")}


def test_a_body_that_is_no_order_is_malformed(night: Night, gate: Client) -> None:
    good = msgspec.json.encode({"lines": [{"sku": "X", "quantity": 1, "price": 1}], "pass": gate.token(night.drop)})
    changed = msgspec.json.decode(good)
    bodies = [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"\0", good[:-1], good + b"}", b"{}", b'{"lines": [], "pass": "\xff"}',
        b'{"lines": [], "pass": "\\ud800"}', b'{"lines": 1, "pass": ""}', b"[" * 4000,
        *(msgspec.json.encode({**changed, **more}) for more in (
            {"tip": 1}, {"pass": None}, {"pass": 7}, {"lines": None}, {"lines": [1]}, {"lines": [{}]},
            {"lines": [{"sku": "X", "quantity": 1.5, "price": 1}]}, {"lines": [{"sku": "X", "quantity": "1", "price": 1}]},
            {"lines": [{"sku": None, "quantity": 1, "price": 1}]}, {"lines": [{"sku": "X", "quantity": 1}]},
        )),
    ]  # fmt: skip
    path = f"/rush/{night.drop.slug}/orders"
    said = [gate.ask("POST", path, body).said for body in bodies]
    # A lone surrogate makes a text that is no pass.
    assert set(said) - {(403, "BAD_PASS")} == {(400, "MALFORMED")}
    assert said.count((403, "BAD_PASS")) <= 1


@pytest.mark.parametrize("chunk", [0, 1000])
def test_a_body_has_a_limit(night: Night, gate: Client, chunk: int) -> None:
    path = f"/rush/{night.drop.slug}/orders"
    assert gate.ask("POST", path, b" " * BODY_BYTES_MAX, chunk=chunk).said == (400, "MALFORMED")
    for size in (BODY_BYTES_MAX + 1, 10**6):
        for where in (path, "/rush/empty", "/payments/sandbox/notify"):
            assert gate.ask("POST", where, b" " * size, chunk=chunk).said == (413, "TOO_LARGE")


def test_refusals_are_said_in_the_readers_language(night: Night, gate: Client) -> None:
    for language, at in (("en-GB,en", 2), ("EN", 2), ("zh-CN", 1), ("fr", 1), ("", 1)):
        answer = gate.ask("GET", "/rush/nothing", headers={"Accept-Language": language})
        assert answer.json["message"] == MESSAGES["UNKNOWN_DROP"][at]


def test_orders_that_come_at_once_are_served_as_they_came(night: Night, gate: Client) -> None:
    tokens = [gate.token(night.drop, customer) for customer in range(1, 41)]

    async def crowd() -> list[Response]:
        return await asyncio.gather(*[gate.ordered(night.drop, night.a_phone, token=token) for token in tokens])

    statuses = [answer.status for answer in gate.run(crowd())]
    assert statuses == [201] * 5 + [409] * 35


def test_a_client_that_goes_away_harms_nobody(night: Night, gate: Client) -> None:
    async def leave() -> Response:
        gone = [asyncio.ensure_future(gate.ordered(night.drop, night.a_band, token=gate.token(night.drop, n)))
                for n in range(1, 6)]  # fmt: skip
        await asyncio.sleep(0)
        for task in gone[::2]:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        return await gate.ordered(night.drop, night.a_band, token=gate.token(night.drop, 9))

    assert gate.run(leave()).status == 201


# --- sold out from memory ---


def test_a_sell_out_is_answered_from_memory_but_a_placed_order_gets_its_first_answer(
    night: Night, gate: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = [gate.token(night.drop, customer) for customer in range(1, 6)]
    first = [gate.order(night.drop, night.a_phone, token=token) for token in tokens]
    assert {answer.status for answer in first} == {201}
    until(lambda: sold_out(gate, night))
    batches: list[int] = []
    count_batches(gate.gate.orders.committer, batches)
    assert [gate.order(night.drop, night.a_phone).said for _ in range(3)] == [(409, "SOLD_OUT")] * 3
    assert gate.order(night.drop, night.a_band, night.a_phone).said == (409, "SOLD_OUT")
    assert batches == []
    assert [gate.order(night.drop, night.a_phone, token=token) for token in tokens] == first
    assert sum(batches) == 5
    assert gate.order(night.drop, night.a_band).status == 201  # what is left is sold as ever


def test_stock_that_comes_back_is_for_sale_again(night: Night, gate: Client) -> None:
    tokens = [gate.token(night.drop, customer) for customer in range(1, 6)]
    orders = [gate.order(night.drop, night.a_phone, token=token).json["id"] for token in tokens]
    until(lambda: sold_out(gate, night))
    first = Order.objects.get(pk=orders[0])
    cancel([Cancellation(first.id, first.customer_id)], now=clock.now())
    until(lambda: not sold_out(gate, night))
    assert gate.order(night.drop, night.a_phone, token=gate.token(night.drop, 9)).status == 201
    until(lambda: sold_out(gate, night))
    # A cancelled order's pass still gets the first answer: that it was placed.
    assert gate.order(night.drop, night.a_phone, token=tokens[0]).json["id"] == orders[0]


def sold_out(gate: Client, night: Night) -> bool:
    return next(item["sold_out"] for item in gate.state(night.drop)["items"] if item["sku"] == night.phone.sku)


def count_batches(committer: Committer[Any, Any], sizes: list[int]) -> None:
    steps = committer._steps
    assert steps is not None

    def counting(requests: Sequence[Any]) -> Steps[Sequence[Any]]:
        sizes.append(len(requests))
        return steps(requests)

    committer._steps = counting


# --- when the database fails ---


def break_the_door(patch: pytest.MonkeyPatch, error: Exception, times: int, *, after: bool = False) -> None:
    """Let placing a batch fail so often, before it did anything or after all of it; in steps and in one go alike."""
    place, placing, left = intake.place, intake.placing, [error] * times

    def stumble() -> None:
        if left:
            raise left.pop()

    def broken_place(requests: Sequence[Any], *, now: datetime) -> list[Any]:
        if not after:
            stumble()
        outcomes = place(requests, now=now)
        stumble()
        return outcomes

    def broken_placing(requests: Sequence[Any], *, now: datetime) -> Steps[list[Any]]:
        if not after:
            stumble()
        outcomes = yield from placing(requests, now=now)
        stumble()
        return outcomes

    patch.setattr(intake, "place", broken_place)
    patch.setattr(intake, "placing", broken_placing)


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_lost_after_the_commit_is_looked_up(
    night: Night, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    break_the_door(monkeypatch, psycopg.OperationalError("the connection was lost"), times, after=True)
    with running() as gate:
        order = new_id()
        answer = gate.order(night.drop, night.a_phone, token=gate.token(night.drop, 1, order))
    assert (answer.status, answer.json["id"], answer.json["total"]) == (201, str(order), 199900)
    assert Order.objects.count() == 1


def test_what_was_lost_before_the_commit_is_not_guessed(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        break_the_door(patch, psycopg.OperationalError("the connection was lost"), times=100)
        with running() as gate:
            token = gate.token(night.drop)
            answer = gate.order(night.drop, night.a_phone, token=token)
            assert (answer.said, answer.headers["retry-after"]) == ((503, "UNSURE"), "2")
    with running() as gate:  # and repeating it, as we said, is right
        assert gate.order(night.drop, night.a_phone, token=token).status == 201


def test_a_bug_in_a_batch_is_unsure_and_the_gate_lives_on(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    break_the_door(monkeypatch, ZeroDivisionError(), times=2)
    with running() as gate:
        token = gate.token(night.drop)
        assert gate.order(night.drop, night.a_phone, token=token).said == (503, "UNSURE")
        assert gate.order(night.drop, night.a_phone, token=token).status == 201


def test_connections_that_are_cut_are_made_anew(night: Night, gate: Client) -> None:
    assert gate.order(night.drop, night.a_phone).status == 201
    cut_connections()
    token = gate.token(night.drop, 2)
    answers = [gate.order(night.drop, night.a_phone, token=token) for _ in range(2)]
    # The first finds its connection dead and cannot tell; the second, on a new one, can.
    assert answers[0].status in (201, 503)
    assert answers[1].status == 201
    until(lambda: gate.gate.memory.ready)
    assert gate.ask("GET", "/ready").status == 200
    assert Order.objects.filter(customer_id=2).count() == 1


def test_a_connection_cut_in_the_middle_of_a_batch_places_nothing_or_all(night: Night, gate: Client) -> None:
    holding, release = held_stock(night)
    tokens = [gate.token(night.drop, customer) for customer in range(1, 4)]
    answers: list[Response] = []
    posting = [threading.Thread(target=lambda t=token: answers.append(gate.order(night.drop, night.a_phone, token=t)))
               for token in tokens]  # fmt: skip
    for thread in posting:
        thread.start()
    until(lambda: waiting_for_locks())
    cut_connections(waiting_only=True)
    release.set()
    for thread in (*posting, holding):
        thread.join()
    assert {answer.status for answer in answers} <= {201, 503}
    placed = {answer.json["id"] for answer in answers if answer.status == 201}
    assert placed == {str(id) for id in Order.objects.values_list("id", flat=True)}
    assert {gate.order(night.drop, night.a_phone, token=token).status for token in tokens} == {201}
    assert Order.objects.count() == 3


def cut_connections(waiting_only: bool = False) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()" + " AND wait_event_type = 'Lock'" * waiting_only
        )


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def held_stock(night: Night) -> tuple[threading.Thread, threading.Event]:
    """Somebody else holds the phone's row until told to let go."""
    from django.db import transaction

    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM inventory_account WHERE variant_id = %s FOR UPDATE", [night.phone.id])
            held.set()
            release.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    return thread, release


# --- too many at once ---


def test_past_the_bound_the_gate_says_so_at_once(night: Night, gate: Client) -> None:
    committer = gate.gate.orders.committer
    committer._waiting_max = committer._room = 2
    holding, release = held_stock(night)
    tokens = [gate.token(night.drop, customer) for customer in range(1, 6)]
    answers: list[Response] = []

    def post(token: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.append(gate.order(night.drop, night.a_phone, token=token)))
        thread.start()
        return thread

    threads = [post(tokens[0])]
    until(waiting_for_locks)  # the first is being committed, and two more may wait
    threads += [post(tokens[1]), post(tokens[2])]
    until(lambda: len(committer._waiting) == 2)
    late = gate.order(night.drop, night.a_phone, token=tokens[3])
    assert late.said == (503, "OVERLOADED")
    assert 1 <= int(late.headers["retry-after"]) <= RETRY_SECONDS_MAX
    assert gate.ask("GET", f"/rush/{night.drop.slug}").status == 200  # the page is answered all the same
    release.set()
    for thread in (*threads, holding):
        thread.join()
    assert [answer.status for answer in answers] == [201] * 3
    assert gate.order(night.drop, night.a_phone, token=tokens[3]).status == 201


def test_stopping_commits_what_is_waiting_and_takes_no_more(night: Night) -> None:
    with running() as gate:
        holding, release = held_stock(night)
        answers: list[Response] = []
        posting = threading.Thread(target=lambda: answers.append(gate.order(night.drop, night.a_phone)))
        posting.start()
        until(waiting_for_locks)
        gate.gate.orders.committer._stopping = True
        assert gate.order(night.drop, night.a_phone).said == (503, "OVERLOADED")
        release.set()
        posting.join()
        holding.join()
    assert [answer.status for answer in answers] == [201]


# --- a drop's state ---


def test_a_drops_state_is_what_its_page_needs(night: Night, gate: Client) -> None:
    state = gate.state(night.drop)
    assert (state["slug"], state["state"], state["currency"]) == (night.drop.slug, "open", "CNY")
    assert state["items"] == [
        {"sku": night.phone.sku, "price": 199900, "limit": 3, "sold_out": False},
        {"sku": night.band.sku, "price": 14900, "limit": 3, "sold_out": False},
    ]
    before, over = night.another_drop(5, 5), night.another_drop(-20, 5)
    until(lambda: {before.slug, over.slug} <= gate.gate.memory.drops.keys())
    assert (gate.state(before)["state"], gate.state(over)["state"]) == ("before", "closed")


def test_a_drop_that_was_finished_is_forgotten(night: Night, gate: Client) -> None:
    assert gate.ask("GET", f"/rush/{night.drop.slug}").status == 200
    night.drop.finished_at = clock.now()
    night.drop.save()
    until(lambda: gate.ask("GET", f"/rush/{night.drop.slug}").status == 404)


# --- the bank ---


def told(order: str, amount: int = 199900, **more: object) -> bytes:
    return msgspec.json.encode(
        {
            "payment_id": str(new_id()),
            "order_id": order,
            "status": "succeeded",
            "amount": amount,
            "currency": "CNY",
            **more,
        }
    )


def test_the_banks_word_pays_an_order_once(night: Night, gate: Client) -> None:
    order = gate.order(night.drop, night.a_phone).json["id"]
    body = told(order)
    for _ in range(2):
        answer = gate.tell(body)
        assert (answer.status, answer.json) == (200, {"received": True, "outcome": "PAID"})
    assert gate.tell(told(order)).json["outcome"] == "REFUND"
    assert gate.tell(told(str(new_id()))).json["outcome"] == "UNKNOWN_ORDER"
    assert gate.tell(told(order, status="failed")).json["outcome"] == "FAILED"
    assert gate.tell(body.replace(b"199900", b"199901")).json["outcome"] == "CONFLICT"
    assert night.world.status(Order.objects.get().id) == "paid"


def test_a_word_that_is_not_the_banks_changes_nothing(night: Night, gate: Client) -> None:
    order = gate.order(night.drop, night.a_phone).json["id"]
    body = told(order)
    for signature in ("", "x", "é", "0" * 64, sign(key_from("another"), body), sign(gate.bank, body + b" ")):
        assert gate.tell(body, signature).said == (403, "BAD_SIGNATURE")
    assert gate.ask("POST", "/payments/sandbox/notify", body).said == (403, "BAD_SIGNATURE")
    for nonsense in (b"", b"{}", told(order, amount=0), told(order, currency="C\0Y"), told("x"), told(order, tip=1)):
        assert gate.tell(nonsense).said == (400, "MALFORMED")
    assert night.world.status(Order.objects.get().id) == "placed"


def test_news_that_could_not_be_written_is_asked_for_again(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(news: Sequence[Any]) -> Sequence[Any]:
        raise psycopg.OperationalError

    monkeypatch.setattr(intake, "receive_batch", fail)
    with running() as gate:
        answer = gate.tell(told(str(new_id())))
        assert (answer.said, answer.headers["retry-after"]) == ((503, "UNSURE"), "2")


# --- everything else ---


def test_health_readiness_metrics_and_pages(night: Night, gate: Client) -> None:
    assert gate.ask("GET", "/health").json == {"status": "alive"}
    assert gate.ask("GET", "/ready").json == {"status": "ready", "process": os.getpgrp()}
    assert gate.ask("POST", "/rush/empty", b"x").body == b"{}"
    gate.order(night.drop, night.a_phone)
    metrics = gate.ask("GET", "/metrics")
    assert b'setaria_gate_orders_total{outcome="PLACED"}' in metrics.body
    assert gate.ask("GET", "/").body == b"a page"
    assert gate.ask("GET", "/rushed").body == b"a page"


def test_the_process_is_not_ready_before_it_has_read_the_board() -> None:
    from setaria.gate.app import Gate

    gate = Client(asyncio.new_event_loop(), Gate(page, "secret"))
    try:
        answer = gate.loop.run_until_complete(gate.asked("GET", "/ready"))
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert gate.loop.run_until_complete(gate.asked("GET", "/health")).status == 200
    finally:
        gate.loop.close()


@pytest.mark.parametrize(
    "path", ["/wall/stream", "/wall/figures", "/wall//stream", "/wall/cn/figures", "/wall/a/b/stream"]
)
def test_a_wall_without_a_ticket_is_not_found(night: Night, gate: Client, path: str) -> None:
    answer = gate.ask("GET", path)
    assert answer.status == 404 or answer.body == b"a page"
