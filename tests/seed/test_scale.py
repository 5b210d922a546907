"""A small version of the large shop's year: its books are proved, and the services would have made the same rows."""

import dataclasses
import json
import re
from pathlib import Path

import orjson
import pytest

from server import db
from server.core.errors import NotEmpty
from server.ledger import entries
from server.ledger.book import posting
from server.ledger.chart import LABELS, SPEND_ONLY
from server.ledger.entries import Entry, Held, RefundSums, Taken, Wallet
from server.ledger.statement import statement
from server.rules import commissions as rules
from server.seed.plant import plant
from server.seed.scale import fill, people
from server.seed.scale.plan import Plan
from server.services.commissions import earnings
from server.services.common import audits, listings
from server.services.desk import orders
from server.services.members import profiles
from server.services.members.addresses import opened
from server.services.rebates import cycles, releases
from server.services.terms.commission_policies import terms_of
from tests.support import histories
from tests.support.cli import run
from tests.support.house import House
from tests.support.mall import Mall, pool_of_owner
from tests.support.proof import let_rest

PLAN = Plan(members=900, orders=4000, number=7)
_NOT_IN_IT = {
    *(
        "points_frozen",
        "points_end",
        "coupon_values",
        "coupons_bought",
        "teams",
        "team_rewards",
        "flash_orders",
        "flash_limits",
        "points_goods_paid",
        "points_by_hand",
        "points_move",
        "point_credits",
        "growth_owned",
        "levels",
        "cycles_move",
        "commissions_move",
        "rebate_coupons",
        "refunds_move",
        "qualifications_move",
    ),
    *("commission_months", "approvals", "settings"),
}
"""Proofs of features that nobody used in that year."""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2
"""


async def made(mall: Mall) -> fill.Filled:
    bare = dataclasses.replace(mall.deps, media_dir=None)
    async with pool_of_owner(mall):
        await fill.publish_terms(bare, PLAN)
        await plant(bare, "cli")
        return await fill.fill(bare, PLAN, lambda _title, _done, _of: None)


@dataclasses.dataclass(frozen=True)
class Year:
    """A mall with a whole year, and what was made of it."""

    mall: Mall
    filled: fill.Filled


@pytest.fixture(scope="module")
async def year(house: House) -> Year:
    """Make a year once, for the tests that only read it."""
    mall = await house.new()
    indexes = await db.fetch(_INDEXES)
    filled = await made(mall)
    assert await db.fetch(_INDEXES) == indexes
    return Year(mall, filled)


async def test_the_year_is_whole_and_proves(year: Year) -> None:
    mall, filled = year.mall, year.filled
    await let_rest(mall)
    report = await audits.run(mall.deps)
    assert [check for check in report.checks if check.wrong] == []
    assert {check.name for check in report.checks if not check.checked} == _NOT_IN_IT
    assert tuple(await db.fetch_row("SELECT (SELECT count(*) FROM members), (SELECT count(*) FROM orders)") or ()) == (
        PLAN.members,
        PLAN.orders,
    )
    states = {row["status"]: row["n"] for row in await db.fetch("SELECT status, count(*) AS n FROM orders GROUP BY 1")}
    assert set(states) == {"pending", "closed", "paid", "shipped", "received", "completed", "refunded"}
    assert states["completed"] > PLAN.orders * 8 // 10 > states["closed"] > states["refunded"] > 0
    shares = await db.fetch_row(
        "SELECT count(*) FILTER (WHERE ancestor3_id IS NOT NULL) AS third,"
        " count(*) FILTER (WHERE referrer_id = 1) AS star FROM members"
    )
    assert min(tuple(shares or (0,))) > 5
    assert filled.books.long_entries > filled.books.short_entries > 50


async def test_the_services_would_have_done_the_same(year: Year) -> None:
    """Jobs that release and close find nothing to do, and each order brought what the rules say."""
    mall = year.mall
    before = await db.fetch_value("SELECT count(*) FROM rebates")
    assert before > 20
    await cycles.sweep(mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM rebates") == before
    assert (await earnings.release_due(mall.deps), await releases.release_due(mall.deps)) == (0, 0)
    rows = await db.fetch("SELECT * FROM commissions ORDER BY id LIMIT 200")
    for row in rows:
        lines = [
            rules.Line(line["id"], line["product_id"], line["category_id"], line["quantity"], line["cash_fen"])
            for line in await db.fetch("SELECT * FROM order_lines WHERE order_id = $1", row["order_id"])
        ]
        (grant,) = rules.decide(await terms_of(row["version"]), lines, [rules.Earner(1, 0, 0)])
        assert (grant.whole_fen, [dataclasses.asdict(line) for line in grant.lines]) == (
            row["whole_fen"],
            orjson.loads(row["explanation"])["lines"],
        )
    for row in await db.fetch("SELECT whole_fen, explanation FROM rebates"):
        assert sum(step["amount_fen"] for step in orjson.loads(row["explanation"])["steps"]) == row["whole_fen"]
    assert await histories.repeated() == before


async def test_each_entry_is_as_the_ledger_builds_it(year: Year) -> None:
    """Key, words and hash agree, so that posting the same event again finds the entry."""
    at = year.mall.clock.now()
    kinds = set[str]()
    for row in await db.fetch(
        "SELECT DISTINCT ON (e.kind, e.id % 5) e.*, r.key AS reverses FROM ledger_entries e"
        " LEFT JOIN ledger_entries r ON r.id = e.reverses_id ORDER BY e.kind, e.id % 5, e.id"
    ):
        entry = posting(await _built(dict(row)), at)
        assert {name: row[name] for name in ("key", "kind", "why", "link", "reverses")} == {
            name: getattr(entry, name) for name in ("key", "kind", "why", "link", "reverses")
        }
        assert row["input_hash"] == entry.hash, row["key"]
        kinds.add(row["kind"])
    # Nobody has points or coupons of value in this year.
    missing = {kind for kind in set(LABELS) - kinds if "points_" not in kind and "coupon_" not in kind}
    assert missing == {"order_release", "rebate_take_back"}


async def _built(row: dict[str, object]) -> Entry:
    """Build the entry again from the business tables, with the builder of its kind."""
    what, number = str(row["link"]).split(":")
    if what == "order":
        order = await db.fetch_row("SELECT * FROM orders WHERE order_no = $1", number)
        assert order is not None
        return await _of_order(str(row["kind"]), str(row["key"]).partition(":")[2], dict(order))
    if what == "withdrawal":
        found = await db.fetch_row("SELECT * FROM withdrawals WHERE withdrawal_no = $1", number)
        assert found is not None
        return _of_withdrawal(str(row["kind"]), str(row["why"]).partition("：")[2], dict(found))
    found = await db.fetch_row(f"SELECT * FROM {what}s WHERE id = $1", int(number))
    assert found is not None
    if what == "rebate":
        return _of_rebate(str(row["kind"]), dict(found))
    return await _of_commission(row, dict(found))


def _of_rebate(kind: str, row: dict[str, int]) -> Entry:
    last_stage = row["id"] * 3
    if kind == "rebate_stage":
        return entries.rebate_stage(row["id"], 3, last_stage, row["member_id"], row["whole_fen"])
    return entries.rebate_release(row["id"], last_stage, row["member_id"], row["whole_fen"], SPEND_ONLY, ())


async def _of_commission(row: dict[str, object], found: dict[str, int]) -> Entry:
    member, whole = found["member_id"], found["whole_fen"]
    if row["kind"] == "commission_frozen":
        order_no = await db.fetch_value("SELECT order_no FROM orders WHERE id = $1", found["order_id"])
        return entries.commission_frozen(found["id"], order_no, member, whole)
    if row["kind"] == "commission_release":
        return entries.commission_release(found["id"], member, found["granted_fen"], ())
    refund_no = str(row["key"]).rpartition(":")[2]
    taken = Taken(whole - found["granted_fen"], 0, 0, 0)
    return entries.commission_take_back(found["id"], refund_no, member, taken)


async def _of_order(kind: str, number: str, order: dict[str, int]) -> Entry:
    no, balance = str(order["order_no"]), order["balance_fen"]
    if kind == "order_hold":
        return entries.order_hold(no, order["member_id"], balance, 0)
    if kind == "order_paid":
        return entries.order_paid(no, order["cash_due_fen"], balance)
    if kind == "stray_payment":
        return entries.stray_payment(number, no, order["cash_due_fen"])
    refund = await db.fetch_row("SELECT * FROM refunds WHERE refund_no = $1", number)
    assert refund is not None
    if kind == "refund_sent":
        return entries.refund_sent(number, no, refund["cash_fen"])
    sums = RefundSums(refund["cash_fen"], 0, Held(refund["balance_fen"], 0))
    return entries.refund(number, no, order["member_id"], sums, Wallet(0, 0, {}, ()))


def _of_withdrawal(kind: str, why: str, row: dict[str, int]) -> Entry:
    number, member, amount = str(row["withdrawal_no"]), row["member_id"], row["amount_fen"]
    if kind == "withdrawal_request":
        return entries.withdrawal_request(number, member, amount)
    if kind == "withdrawal_paid":
        return entries.withdrawal_paid(number, member, row["payout_fen"], 0, 0)
    return entries.withdrawal_back(number, member, amount, why, ())


async def test_people_can_be_found_and_read(year: Year) -> None:
    mall, filled = year.mall, year.filled
    asked = orders.ORDERS.asked({"q": people.phone(8)})
    found = await listings.page(mall.deps, orders.ORDERS, asked, "", 50)
    assert {row["member_id"] for row in found.rows} == {8}
    sealed = await db.fetch_value("SELECT address_sealed FROM orders WHERE member_id = 8 LIMIT 1")
    assert opened(mall.deps.cipher, sealed)["phone"] == people.phone(8)
    assert (await profiles.profile(mall.deps, 8)).phone == f"{people.phone(8)[:3]}****{people.phone(8)[-4:]}"
    assert (await profiles.profile(mall.deps, 5)).phone is None
    lines = await statement(filled.books.long_member, before_entry=None, limit=100)
    assert len(lines) == 100


async def test_only_into_an_empty_shop_and_all_or_nothing(mall: Mall) -> None:
    class StoppedError(Exception):
        pass

    def stop(title: str, _done: int, _of: int) -> None:
        if title.startswith("账本"):
            raise StoppedError

    indexes = await db.fetch(_INDEXES)
    bare = dataclasses.replace(mall.deps, media_dir=None)
    async with pool_of_owner(mall):
        await plant(bare, "cli")
        with pytest.raises(StoppedError):
            await fill.fill(bare, PLAN, stop)
        assert await db.fetch(_INDEXES) == indexes
        assert await db.fetch_value("SELECT count(*) FROM members") == 0
        await fill.refuse_unless_empty()
        await fill.fill(bare, dataclasses.replace(PLAN, orders=400), lambda _title, _done, _of: None)
        rule = await db.fetch_row("SELECT max(version) AS newest, min(rule_version) AS used FROM rule_versions, orders")
        assert tuple(rule or ()) == (2, 2)  # version 1, of the demo shop, has a budget that is too small
        with pytest.raises(NotEmpty):
            await fill.refuse_unless_empty()
        with pytest.raises(NotEmpty):
            await fill.fill(bare, PLAN, stop)


async def test_the_command(mall: Mall, tmp_path: Path) -> None:
    command = ("seed", "--scale", "--members", "60", "--orders", "120")
    code, out, err = await run(mall, *command, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["ok"], told["members"], told["orders"], told["rule"]) == (True, 60, 120, False)
    assert told["books"]["entries"] > 200
    code, out, _ = await run(mall, *command, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (1, "not_empty")
    code, out, err = await run(mall, *command)
    assert (code, out, "not_empty" in err) == (1, "", True)
    code, out, _ = await run(mall, "seed")
    assert code == 0
    assert set(re.findall("[a-z_]+ (.+?)[,\n]", out.partition(": ")[2])) == {"0", "False"}, out
