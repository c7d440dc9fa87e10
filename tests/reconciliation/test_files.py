"""Settlement files against what we have: once, whole, and every difference listed until somebody resolves it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.books.queries import trial_balance
from setaria.trade.books.record import record
from setaria.trade.orders.models import Settlement
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund
from setaria.trade.reconciliation.formats import BadFile, read
from setaria.trade.reconciliation.models import Difference, Entry, Statement
from setaria.trade.reconciliation.take_in import Answer, compare, resolve, take_in
from tests.races.together import together
from tests.world import HOUR, MINUTE, World

STAFF = "staff@example.org"


def payment(world: World, amount: int = 10_000) -> str:
    order = world.placed(world.thing(price=amount, stock=5))
    world.pay(order)
    return str(Settlement.objects.get(order_id=order.id).payment_id)


def row(
    world: World, kind: str, id: str, amount: str, fee: str = "0", reference: str = "", currency: str = "CNY"
) -> str:
    return f"{reference or 'ref-' + id},{kind},{id},{amount},{fee},{currency},{world.now.isoformat()}"


def write(folder: Path, *rows: str, name: str = "day.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(["reference,kind,id,amount,fee,currency,at", *rows]) + "\n")
    return file


def differences() -> list[tuple[str, int, int | None, int | None]]:
    return list(
        Difference.objects.filter(resolved_at=None).order_by("id").values_list("kind", "what", "theirs", "ours")
    )


def test_what_agrees_is_no_difference_and_fees_and_payouts_are_booked(world: World, tmp_path: Path) -> None:
    one = payment(world)
    record(now=world.now)
    world.later(MINUTE)
    file = write(
        tmp_path, row(world, "payment", one, "100.00", "0.60"), row(world, "payout", "", "-99.40", reference="po_1")
    )
    taken = take_in(file, "sandbox", by=STAFF, now=world.now)
    assert (taken.rows, taken.fresh, taken.again, taken.open) == (2, 2, False, 0)
    record(now=world.now)
    standing = {s.account.name: s.balance for s in trial_balance() if s.balance}
    assert "CLEARING" not in standing  # all of it arrived, or was kept
    assert (standing["BANK"], standing["FEES"]) == (9_940, 60)


def test_what_a_long_file_tells_is_booked_though_the_books_went_on_meanwhile(world: World, tmp_path: Path) -> None:
    one, began = payment(world), world.now
    file = write(tmp_path, row(world, "payment", one, "100.00", "0.60"))
    world.later(3 * MINUTE)
    record(now=world.now)  # by the worker, while the file is read
    ticks = iter([0.0, 180.5])
    take_in(file, "sandbox", by=STAFF, now=began, clock=lambda: next(ticks))
    record(now=world.now)
    assert {s.account.name: s.balance for s in trial_balance()}["FEES"] == 60
    assert record(now=world.now, everything=True) == 0


def test_the_same_file_twice_changes_nothing_also_at_once(world: World, tmp_path: Path) -> None:
    file = write(tmp_path, row(world, "payment", payment(world), "100.00"))
    answers = together(*[lambda: take_in(file, "sandbox", by=STAFF, now=world.now)] * 3)
    assert sorted(answer.again for answer in answers) == [False, True, True]
    assert (Statement.objects.count(), Entry.objects.count()) == (1, 1)
    again = write(
        tmp_path, row(world, "payment", payment(world), "100.00"), *file.read_text().splitlines()[1:], name="b.csv"
    )
    assert take_in(again, "sandbox", by=STAFF, now=world.now).fresh == 1


def test_each_difference_is_listed_until_it_is_resolved(world: World, tmp_path: Path) -> None:
    less, unknown, missing = payment(world), str(new_id()), payment(world)
    file = write(
        tmp_path, row(world, "payment", less, "99.99"), row(world, "payment", unknown, "5.00"),
        row(world, "adjustment", "", "-15.00", reference="dp_1"),
    )  # fmt: skip
    assert take_in(file, "sandbox", by=STAFF, now=world.now).open == 4
    assert sorted(differences(), key=str) == sorted(
        [
            ("amount", 1, 9_999, 10_000),
            ("theirs", 1, 500, None),
            ("theirs", 4, -1_500, None),
            ("ours", 1, None, 10_000),
        ],
        key=str,
    )
    # The next file brings what was missing: explained.
    file = write(tmp_path, row(world, "payment", missing, "100.00"), name="next.csv")
    assert take_in(file, "sandbox", by=STAFF, now=world.now).open == 3
    first = Difference.objects.filter(resolved_at=None).first()
    assert first is not None
    assert resolve(first.pk, note=" ", by=STAFF, now=world.now) is Answer.UNSIGNED
    answers = together(*[lambda: resolve(first.pk, note="Their fee.", by=STAFF, now=world.now)] * 2)
    assert sorted(answers) == ["RESOLVED", "UNKNOWN"]
    assert compare(now=world.now) == 2  # and is not listed again


def test_refunds_are_compared_one_by_one(world: World, tmp_path: Path) -> None:
    order = world.placed((world.thing(price=10_000, stock=5), 3))
    world.pay(order)
    for _ in range(2):
        take_back(Wish(new_id(), order.id, {0: 1}, "broken", STAFF), now=world.now)
    refund.send_due(now=world.now)
    one, two = Refund.objects.order_by("id")
    paid = Settlement.objects.get().payment_id
    file = write(
        tmp_path, row(world, "payment", str(paid), "300.00"), row(world, "refund", str(one.pk), "-100.00"),
        row(world, "refund", str(two.pk), "-90.00"), row(world, "refund", str(new_id()), "-1.00"),
    )  # fmt: skip
    take_in(file, "sandbox", by=STAFF, now=world.now)
    assert sorted(differences(), key=str) == [("amount", 2, -9_000, -10_000), ("theirs", 2, -100, None)]


@pytest.mark.parametrize(
    "content",
    ["", "a,b\n1,2\n", "reference,kind,id,amount,fee,currency,at\n", "reference,kind,id,amount,fee,currency,at\nr,payment,x\n",
     "reference,kind,id,amount,fee,currency,at\nr,payment,x,1.001,0,CNY,2031-11-11T00:00:00+00:00\n",
     "reference,kind,id,amount,fee,currency,at\nr,payment,x,NaN,0,CNY,2031-11-11T00:00:00+00:00\n",
     "reference,kind,id,amount,fee,currency,at\nr,payment,x,1,0,CNY,yesterday\n"],
)  # fmt: skip
def test_what_is_no_file_of_theirs_changes_nothing(world: World, tmp_path: Path, content: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(content)
    with pytest.raises(BadFile):
        take_in(file, "sandbox", by=STAFF, now=world.now)
    assert Statement.objects.count() == Entry.objects.count() == 0


def test_only_the_time_a_file_tells_of_is_compared(world: World, tmp_path: Path) -> None:
    payment(world)  # before it
    world.later(HOUR)
    take_in(write(tmp_path, row(world, "payment", payment(world), "100.00")), "sandbox", by=STAFF, now=world.now)
    world.later(HOUR)
    payment(world)  # after it
    assert compare(now=world.now) == 0


# --- formats ---

ID = "01a2030200007000800000000000beef"


def test_stripes_report() -> None:
    text = [
        "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,description,payment_metadata[payment],refund_metadata[refund]\n",
        f'txn_1,2031-11-11 00:00:01,2031-11-13 00:00:00,usd,"1,999.00",58.27,1940.73,charge,,{ID},\n',
        f"txn_2,2031-11-11 00:00:02,2031-11-13 00:00:00,usd,-10.00,0.00,-10.00,refund,,,{ID}\n",
        "txn_3,2031-11-13 00:00:00,2031-11-13 00:00:00,usd,-1930.73,0.00,-1930.73,payout,STRIPE PAYOUT,,\n",
        "txn_4,2031-11-14 00:00:00,2031-11-13 00:00:00,jpy,-1500,15,-1515,dispute,,,\n",
    ]
    found = list(read("stripe", text))
    assert [(kind, amount, fee, currency, about is not None) for kind, _, about, amount, fee, currency, _ in found] == [
        (1, 199_900, 5_827, "USD", True), (2, -1_000, 0, "USD", True), (3, -193_073, 0, "USD", False),
        (5, -1_500, 15, "JPY", False),
    ]  # fmt: skip
    assert found[0][6] == datetime(2031, 11, 11, 0, 0, 1, tzinfo=UTC)


def test_alipays_bill() -> None:
    heading = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,对方账户,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,备注\n"
    text = [
        "#支付宝业务明细查询\n", "#账号：[2088]\n", "#-----业务明细列表-----\n", heading,
        f"2031111122001\t,{ID}\t,交易,Phone,2031-11-11 08:00:00,2031-11-11 08:00:05,,fan,1999.00,1999.00,,-11.99,\n",
        f"2031111122001\t,{ID}\t,退款,Phone,2031-11-11 08:00:00,2031-11-11 09:00:00,,fan,-10.00,-10.00,{ID}\t,0.06,\n",
        "#-----业务明细列表结束-----\n", "#交易合计：1笔\n",
    ]  # fmt: skip
    found = list(read("alipay", text))
    assert [(kind, amount, fee) for kind, _, _, amount, fee, _, _ in found] == [(1, 199_900, 1_199), (2, -1_000, -6)]
    assert all(str(each[2]).replace("-", "") == ID for each in found)
    assert found[0][6] == datetime(2031, 11, 11, 0, 0, 5, tzinfo=UTC)


def test_wechats_bill() -> None:
    heading = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n"
    line = "`2031-11-11 08:00:00,`wx,`190,`0,`,`{order},`{id},`o,`NATIVE,`{state},`OTHERS,`CNY,`0.00,`0.00,`{back},`{ours},`{gone},`0.00,`,`,`Phone,`,`{fee},`0.60%,`{paid},`0.00,`\n"
    text = [
        "\ufeff" + heading,
        line.format(order="42", id=ID, state="SUCCESS", back="0", ours="0", gone="0.00", fee="11.99000", paid="1999.00"),
        line.format(order="42", id=ID, state="REFUND", back="50", ours=ID, gone="10.00", fee="-0.06000", paid="0.00"),
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n", "`2,`1,`1,`0,`1,`1,`1\n",
    ]  # fmt: skip
    found = list(read("wechat", text))
    assert [(kind, reference, amount, fee) for kind, reference, _, amount, fee, _, _ in found] == [
        (1, "42", 199_900, 1_199), (2, "50", -1_000, -6),
    ]  # fmt: skip


def test_a_bill_in_alipays_own_encoding(world: World, tmp_path: Path) -> None:
    heading = "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,退款批次号/请求号,服务费（元）\n"
    file = tmp_path / "bill.csv"
    file.write_bytes(("#支付宝\n" + heading + f"1\t,{ID},交易,2031-11-11 08:00:05,1.00,,-0.01\n").encode("gb18030"))
    assert take_in(file, "alipay", by=STAFF, now=world.now).open == 1
