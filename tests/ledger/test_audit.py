"""The audit finds nothing in a mall where everything happened, and finds each offence that is planted there."""

import re
import secrets
from datetime import timedelta

import orjson
import pytest

from server import db
from server.commands.audit import to_json
from server.db import Connection
from server.gateways.ports import PaymentNotice
from server.ledger import named
from server.ledger.audit import MAX_OFFENDERS, audit, prove, prove_members
from server.ledger.named import mark, members_since
from server.ledger.proofs import PROOFS
from server.ledger.proofs.proof import Proof
from server.ledger.proofs.replays import REPLAYS, Replay
from server.ledger.proofs.scope import Scope
from server.rules.levels import Level
from server.services.checkout import payments
from server.services.common import audits
from server.services.growth import progress
from server.services.orders import refunds
from server.services.points import check_ins, movements
from server.services.terms import levels
from server.services.withdrawals import requests as withdrawal_requests
from tests.ledger.offences import OFFENCES
from tests.support.cli import run, run_process
from tests.support.flash import rush
from tests.support.group_buys import buy_together
from tests.support.house import House
from tests.support.mall import Mall
from tests.support.points_goods import swap
from tests.support.proof import let_rest
from tests.support.purse import ask, give_coupons, send, set_policy
from tests.support.shop import (
    Shopper,
    join,
    make_coupon_sku,
    make_sku,
    make_virtual_sku,
    pass_days,
    publish,
    publish_commission,
    work,
)

ALL: tuple[Proof | Replay, ...] = (*PROOFS, *REPLAYS)
APPEND_ONLY = ("ledger_entries", "ledger_lines", "audit_log", "growth_entries", "level_changes")


async def make_coupon(mall: Mall, shopper: Shopper, amount_fen: int) -> int:
    """Give the shopper a coupon without a source; return its id."""
    async with db.connection() as connection:
        coupon_id: int = await connection.fetchval(
            "INSERT INTO coupons (member_id, source, name, amount_fen, threshold_fen, state, starts_at, expires_at,"
            " discount_fen, created_at) VALUES ($1, $2, '券', $3, 0, 'unused', $4, $5, 0, $4) RETURNING id",
            shopper.id,
            secrets.token_hex(8),
            amount_fen,
            mall.clock.now(),
            mall.clock.now() + timedelta(days=99),
        )
        return coupon_id


async def approve(mall: Mall, refund_no: str) -> None:
    """Approve a refund and let WeChat pay it; WeChat accepts one refund of a payment per minute."""
    await refunds.approve(mall.deps, refund_no, "tester")
    await work(mall)
    mall.clock.advance(61)


async def settled_rebate(mall: Mall, sku: int) -> tuple[Shopper, str]:
    """Return a referrer with a settled rebate, and the number of one of the orders that counted for it."""
    anna = await join(mall)
    orders = [(anna, await anna.buy(sku))]
    for _ in range(3):
        friend = await join(mall, anna)
        orders.append((friend, await friend.buy(sku)))
    await work(mall)
    for shopper, order_no in orders:
        await shopper.receive(order_no)
    await work(mall)
    await pass_days(mall, 7)
    return anna, orders[1][1]


async def pay_twice(mall: Mall, shopper: Shopper, order_no: str) -> None:
    """Send a notice about a second transaction for a paid order."""
    deps = mall.deps
    due = (await shopper.order(order_no))["cash_due_fen"]
    told = PaymentNotice(
        deps.appid, deps.mchid, order_no, secrets.token_hex(14), "SUCCESS", due, "CNY", shopper.openid, mall.clock.now()
    )
    assert await payments.settle(deps, told, "notify") == "twice"


async def live_through(mall: Mall) -> None:
    """Do everything that moves money, at least once."""
    await publish(mall, budget_fen=1_000_000, withdrawable=True)
    sku, cheap = await make_sku(12_000), await make_sku(3_000)
    keys = await make_virtual_sku(mall, ["k1", "k2", "k3", "k4", "k5"], 2_000)
    await earn_commission(mall)
    await earn_points(mall)
    await buy_together(mall, sku)
    anna, friends_order = await settled_rebate(mall, sku)
    cora, _ = await settled_rebate(mall, sku)
    await publish(mall, pay_as="coupon")
    await settled_rebate(mall, sku)
    await publish(mall, budget_fen=1_000_000, withdrawable=True)
    paid = await use_balance_and_coupons(mall, anna, cheap, keys)

    await give_coupons(mall, anna)
    await anna.buy(await make_coupon_sku(mall, "gift"))
    # Some pieces are refunded before shipping, others after it.
    order_no = await anna.buy(sku, cheap)
    first, second = (await anna.order(order_no))["lines"]
    asked = await anna.refund(order_no, lines=[{"line_id": first["line_id"], "quantity": 1}])
    await approve(mall, asked["refund_no"])
    await anna.receive(order_no)
    asked = await anna.refund(order_no, lines=[{"line_id": second["line_id"], "quantity": 1}])
    await approve(mall, asked["refund_no"])

    # One rebate stays frozen; another is taken back, and the wallet holds less than it was.
    bert = await join(mall)
    await bert.buy(sku)
    for _ in range(3):
        await (await join(mall, bert)).buy(sku)
    await work(mall)
    await anna.buy(sku, use_balance_fen=(await anna.wallet())["available_fen"])
    opened = await refunds.open_for(mall.deps, friends_order, None, "破损", "tester")
    await approve(mall, opened.refund_no)
    assert (await anna.wallet())["debt_fen"] > 0
    await withdraw(mall, cora)
    await rush(mall, anna)
    await swap(mall, anna)
    await rise(mall, anna)
    await (await join(mall, bert)).place(sku)
    dave = await join(mall)  # who has friends, and nothing to be returned
    for _ in range(3):
        await (await join(mall, dave)).buy(sku)
    await work(mall)
    await publish(mall, qualify_at="received")
    await (await join(mall, bert)).buy(sku)
    await withdrawal_requests.approve(mall.deps, await ask(cora, 1_000), "tester")
    await let_rest(mall)
    await pay_twice(mall, anna, paid)  # last: WeChat does not know this payment, so its refund never succeeds


async def earn_commission(mall: Mall) -> None:
    """Make commissions on two levels: settled, never received, and partly taken back. Then remove the policies."""
    policies = [{"kind": "ratio", "ratio_bp": 1_000, "level": level} for level in (1, 2)]
    await publish_commission(mall, policies=policies, depth=2)
    upper = await join(mall)
    lower = await join(mall, upper)
    friend = await join(mall, lower)
    sku = await make_sku(10_000)
    await friend.receive(await friend.buy(sku))
    await pass_days(mall, 7.01)
    order_no = await friend.buy(sku, await make_sku(5_000))
    await work(mall)
    line_id = (await friend.order(order_no))["lines"][0]["line_id"]
    asked = await friend.refund(order_no, lines=[{"line_id": line_id, "quantity": 1}])
    await approve(mall, asked["refund_no"])
    assert (await lower.wallet())["frozen_fen"] == 500
    await publish_commission(mall)


async def earn_points(mall: Mall) -> None:
    """Make points that an order earned and that have arrived; later orders earn some too."""
    await set_policy(mall, points_per_yuan=1)
    dora = await join(mall)
    await dora.receive(await dora.buy(await make_sku(10_000)))
    await pass_days(mall, 7.01)
    assert (await dora.wallet())["points"] == 100


async def rise(mall: Mall, anna: Shopper) -> None:
    """Make levels, and a member who stands on the second one."""
    wanted = (Level("普通会员", 0), Level("银卡会员", 100, 9_800))
    assert await levels.change(mall.deps, wanted, levels.version(await levels.current()), "测试", "tester")
    assert await progress.correct(mall.deps, anna.id, 150, "old", "老会员", "tester", anew=False)
    assert await movements.adjust(mall.deps, anna.id, 30, "gift", "补偿", "tester")
    await set_policy(mall, check_in_points=5)
    assert (await check_ins.check_in(mall.deps, anna.id)).new
    await work(mall)


async def withdraw(mall: Mall, cora: Shopper) -> None:
    """Make withdrawals: paid with a fee, rejected, and still open."""
    await set_policy(mall, withdrawal_fee_bp=100)
    paid = await send(mall, cora, 3_000)
    await mall.control("transfer_confirm", out_bill_no=paid)
    await withdrawal_requests.reject(mall.deps, await ask(cora, 2_000), "tester", "资料不符")
    await ask(cora, 1_000)


async def use_balance_and_coupons(mall: Mall, anna: Shopper, cheap: int, keys: int) -> str:
    """Place orders with balance and coupons: pending, closed, paid, refunded; virtual goods; one that costs nothing."""
    await anna.place(cheap, use_balance_fen=1_000, coupon_id=await make_coupon(mall, anna, 500))
    closed = await anna.place(cheap, use_balance_fen=700, coupon_id=await make_coupon(mall, anna, 300))
    await anna.post(f"/orders/{closed['order_no']}/cancel")
    paid = await anna.buy(cheap, use_balance_fen=800, coupon_id=await make_coupon(mall, anna, 400))
    given_back = await anna.buy(cheap, use_balance_fen=900, coupon_id=await make_coupon(mall, anna, 200))
    await anna.refund(given_back)
    await anna.buy(keys, coupon_id=await make_coupon(mall, anna, 2_000))
    mixed = await anna.buy(keys, cheap)
    await anna.refund(await anna.buy(keys))
    await work(mall)
    await approve(mall, (await anna.refund(mixed))["refund_no"])  # all but the card key, which is delivered
    return paid


@pytest.fixture(scope="module")
async def world(house: House) -> Mall:
    """Return a mall with a history; offences are planted in it by transactions that are rolled back."""
    mall = await house.new()
    await live_through(mall)
    return mall


async def test_a_mall_where_everything_happened_has_no_offender(world: Mall) -> None:
    report = await audits.run(world.deps)
    assert [(check.name, check.offenders) for check in report.checks if check.wrong] == []
    assert report.ok
    assert [check.name for check in report.checks if not check.checked] == []
    said = orjson.loads(to_json(report))
    assert said["ok"] is True
    assert len(said["checks"]) == len(PROOFS) + len(REPLAYS) + 1
    assert set(said["checks"][0]) == {"name", "checked", "offenders"}


@pytest.mark.parametrize(("name", "offence"), OFFENCES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(OFFENCES)])
async def test_an_offence_is_found(world: Mall, owner: Connection, name: str, offence: str) -> None:
    seen = await mark(owner)
    planted = owner.transaction()
    await planted.start()
    try:
        for table in APPEND_ONLY:
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await owner.execute(offence)
        report = await prove(owner, world.clock.now())
        quick = await prove_members(owner, world.clock.now(), await members_since(owner, seen) or [])
    finally:
        await planted.rollback()
    (check,) = (check for check in report.checks if check.name == name)
    assert check.wrong > 0
    assert len(check.offenders) == min(check.wrong, MAX_OFFENDERS)
    assert all(offender and "wrong" not in offender for offender in check.offenders)
    assert not report.ok
    if is_seen_quickly(name, offence):
        assert not quick.ok  # perhaps by another name: what was moved to somebody else names its new owner only


_UNSEEN = "DELETE|approvals|ledger_lines|ledger_entries|ledger_deltas|'sales'|_log|_versions"


def is_seen_quickly(name: str, offence: str) -> bool:
    """Whether the quick audit must find an offence too: not what concerns the whole shop, nor what is gone."""
    scope = next(proof.scope for proof in ALL if proof.name == name)
    return scope is not Scope.SHOP and not re.search(_UNSEEN, offence)


def test_every_proof_has_its_offence() -> None:
    assert {name for name, _ in OFFENCES} == {proof.name for proof in ALL}


async def test_each_member_alone_is_as_right_as_all_together(world: Mall) -> None:
    for row in await db.fetch("SELECT id FROM members"):
        async with db.snapshot(scratch=True) as reader:
            report = await prove_members(reader, world.clock.now(), [row["id"]])
            assert {check.name: check.offenders for check in report.checks if check.wrong} == {}
            assert report.members == 1


async def test_a_change_in_the_operators_log_is_found(world: Mall, owner: Connection) -> None:
    first = await db.fetch_value("SELECT min(id) FROM audit_log")
    await owner.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
    await owner.execute("UPDATE audit_log SET actor = actor || '?' WHERE id = $1", first)
    report = await audits.run(world.deps)
    await owner.execute("UPDATE audit_log SET actor = rtrim(actor, '?') WHERE id = $1", first)
    await owner.execute("ALTER TABLE audit_log ENABLE TRIGGER USER")
    (log,) = (check for check in report.checks if check.wrong)
    assert (log.name, log.offenders) == ("audit_log", [{"audit_log_id": first}])
    assert orjson.loads(to_json(report))["ok"] is False


async def test_only_so_many_offenders_are_named(world: Mall, owner: Connection) -> None:
    planted = owner.transaction()
    await planted.start()
    try:
        await owner.execute(
            "INSERT INTO ledger_deltas (account_id, amount) SELECT 999999 + n, 1 FROM generate_series(1, $1) n",
            MAX_OFFENDERS + 5,
        )
        report = await prove(owner, world.clock.now())
    finally:
        await planted.rollback()
    (check,) = (check for check in report.checks if check.wrong)
    assert (check.wrong, len(check.offenders)) == (MAX_OFFENDERS + 5, MAX_OFFENDERS)


async def test_only_so_many_offenders_of_a_rule_are_named(
    world: Mall, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.ledger.audit.MAX_OFFENDERS", 1)
    planted = owner.transaction()
    await planted.start()
    try:
        await owner.execute("UPDATE commissions SET version = 99")
        report = await prove(owner, world.clock.now())
    finally:
        await planted.rollback()
    (check,) = (check for check in report.checks if check.name == "commissions_due")
    assert (check.wrong > 1, len(check.offenders)) == (True, 1)


async def test_the_audit_reads_and_writes_nothing(world: Mall) -> None:
    before = await db.fetch_value("SELECT pg_current_wal_insert_lsn()::text")
    assert (await audit(world.clock.now())).ok
    assert await db.fetch_value("SELECT pg_current_wal_insert_lsn()::text") == before


@pytest.mark.parametrize("planted", [False, True])
async def test_the_command_says_what_it_found(mall: Mall, owner: Connection, planted: bool) -> None:
    if planted:
        await owner.execute("INSERT INTO ledger_deltas (account_id, amount) VALUES (77, 5)")
    code, said, _ = await run_process(mall, "audit")
    assert (code, '"account_id":77' in said, "全部一致" in said) == (int(planted), planted, not planted)
    code, said, _ = await run(mall, "audit", "--json")
    assert (code, '"account_id":77' in said) == (int(planted), planted)
    assert orjson.loads(said)["ok"] is not planted


async def test_the_command_seals_the_log_as_it_stands(mall: Mall) -> None:
    await publish(mall)
    await db.fetch("UPDATE audit_anchor SET seal = '' RETURNING id")
    code, told, _ = await run(mall, "audit", "--json")
    assert (code, '"sealed":false' in told) == (1, True)
    code, told, _ = await run(mall, "audit", "--seal", "换了密钥")
    assert (code, "全部一致" in told) == (0, True)


async def test_the_quick_audit_looks_at_those_who_were_named_since(mall: Mall) -> None:
    anna, bert = await join(mall), await join(mall)
    await bert.buy(await make_sku())
    await work(mall)
    first = await audits.run_quick(mall.deps)
    assert (first.ok, first.members) == (True, None)  # nothing was audited before
    assert (await audits.run_quick(mall.deps)).members == 0
    await anna.buy(await make_sku())
    await work(mall)
    assert (await audits.run_quick(mall.deps)).members == 1
    code, told, _ = await run(mall, "audit", "--quick", "--json")
    assert (code, orjson.loads(told)["ok"]) == (0, True)
    assert (await run_process(mall, "audit", "--quick"))[1].count("有变动的 1 位会员") == 1
    await db.fetch("UPDATE orders SET cash_due_fen = cash_due_fen + 1 WHERE member_id = $1 RETURNING id", bert.id)
    found = await audits.run_quick(mall.deps)
    assert (found.members, found.ok) == (2, False)
    assert "order_amounts" in {check.name for check in found.checks if check.wrong}
    assert (await audits.run_quick(mall.deps)).ok is False  # until a clean audit, what was named is looked at again


async def test_the_quick_audit_finds_what_rests_though_nothing_was_written(mall: Mall) -> None:
    await (await join(mall)).place(await make_sku())
    assert (await audits.run_quick(mall.deps)).ok
    mall.clock.advance(4 * 3600)  # and nobody closes the order
    assert (await audits.run_quick(mall.deps)).ok  # nor has the scheduler run
    await let_rest(mall)
    found = await audits.run_quick(mall.deps)
    assert {check.name for check in found.checks if check.wrong} == {"orders_move"}


async def test_what_was_written_lately_is_looked_at_again_once_there_was_time_to_act_on_it(mall: Mall) -> None:
    await publish(mall)
    anna = await join(mall)
    assert (await audits.run(mall.deps)).ok
    mall.clock.advance(60)
    await (await join(mall, anna)).buy(await make_sku())
    await work(mall)
    await db.fetch("UPDATE qualifications SET state = 'void', void_for = 'lost' RETURNING id")
    for _ in range(2):
        mall.clock.advance(3000)
        await let_rest(mall)
        assert (await audits.run_quick(mall.deps)).ok  # it may still come
    mall.clock.advance(3000)
    await let_rest(mall)
    found = await audits.run_quick(mall.deps)
    assert {check.name for check in found.checks if check.wrong} == {"friends_move"}


async def test_what_is_found_is_told_once_a_day(mall: Mall) -> None:
    anna = await join(mall)
    await anna.buy(await make_sku())
    await work(mall)
    state = await audits.state()
    assert state is None
    await audits.watch(mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'audit_failed'") == 0
    await db.fetch("UPDATE orders SET cash_due_fen = cash_due_fen + 1 RETURNING id")
    for hours, alarms in ((1, 1), (1, 1), (24, 2)):
        mall.clock.advance(hours * 3600)
        await audits.watch(mall.deps)
        assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'audit_failed'") == alarms
    state = await audits.state()
    assert state is not None
    assert state.clean_at is not None
    assert (state.wrong > 0, round((state.at - state.clean_at) / timedelta(hours=1))) == (True, 26)


async def test_a_mark_of_another_database_is_not_believed(
    mall: Mall, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await audits.run(mall.deps)).ok
    await owner.execute("UPDATE audit_runs SET xid = (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 9)::text")
    assert (await audits.run_quick(mall.deps)).members is None
    await join(mall)
    monkeypatch.setattr(named, "MOST", -1)
    assert (await audits.run_quick(mall.deps)).members is None  # so many were named
