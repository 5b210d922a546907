"""The audit finds nothing in a mall where everything happened, and finds each offence that is planted there."""

import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import orjson
import pytest

from server import db
from server.commands.audit import to_json
from server.db import Connection
from server.ledger import named
from server.ledger.audit import ALL, MAX_OFFENDERS, audit, prove, prove_members
from server.ledger.named import Mark, mark, members_since
from server.ledger.proofs.proof import Proof
from server.ledger.proofs.replay import Known, Replay
from server.ledger.proofs.replays import REPLAYS
from server.ledger.proofs.scope import Scope
from server.services.common import alarms, audits
from tests.ledger.offences import OFFENCES
from tests.ledger.world import live_through
from tests.support.cli import run, run_process
from tests.support.house import House
from tests.support.mall import Mall
from tests.support.proof import let_rest
from tests.support.shop import join, make_sku, publish, work

APPEND_ONLY = ("ledger_entries", "ledger_lines", "audit_log", "growth_entries", "level_changes")


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
    assert len(said["checks"]) == len(ALL) + 1
    assert set(said["checks"][0]) == {"name", "checked", "offenders"}


async def test_the_connections_of_an_audit_see_the_same_moment(world: Mall) -> None:
    counted = "SELECT count(*) FROM alarms"
    async with db.snapshot() as reader:
        before = await reader.fetchval(counted)
        async with db.transaction() as tx:
            await alarms.sound(tx, "audit_failed", "later", world.clock.now(), {})
        async with db.snapshot(of=reader) as other, db.snapshot() as fresh:
            assert [await one.fetchval(counted) for one in (reader, other, fresh)] == [before, before, before + 1]


async def test_a_proof_that_fails_says_why(world: Mall) -> None:
    broken = Proof("broken", "写错的证明", "SELECT 1 / 0 = 1 AS wrong", Scope.SHOP)
    async with db.snapshot() as reader:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await prove(reader, world.clock.now(), proofs=[broken])


@pytest.mark.parametrize("replay", REPLAYS, ids=lambda replay: replay.name)
def test_a_row_that_the_shop_would_not_write_is_named(replay: Replay) -> None:
    assert replay.judge(Known({}, {}, ()))("[]") == {"undecodable": "[]"}


@pytest.fixture(scope="module")
async def planter(world: Mall, house: House) -> AsyncIterator[Connection]:
    """Yield a connection as the owner, for all offences."""
    async with house.owner() as connection:
        yield connection


@pytest.mark.parametrize(("name", "offence"), OFFENCES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(OFFENCES)])
async def test_an_offence_is_found(world: Mall, planter: Connection, name: str, offence: str) -> None:
    (proof,) = (proof for proof in ALL if proof.name == name)
    async with planted(planter, offence) as seen:
        (check,) = (await prove(planter, world.clock.now(), proofs=(proof,))).checks
        assert check.wrong > 0
        assert len(check.offenders) == min(check.wrong, MAX_OFFENDERS)
        assert all(offender and "wrong" not in offender for offender in check.offenders)
        if is_seen_quickly(proof, offence):
            members = await members_since(planter, seen) or []
            # Perhaps by another name: what was moved to somebody else names its new planter only.
            assert await is_named(world, planter, members, (proof,)) or await is_named(world, planter, members, ALL)


@contextlib.asynccontextmanager
async def planted(owner: Connection, *offences: str) -> AsyncIterator[Mark]:
    """Plant offences, for as long as this lasts; yield how far an audit before them saw."""
    seen = await mark(owner)
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute(
            ";".join((*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in APPEND_ONLY), *offences))
        )
        yield seen
    finally:
        await transaction.rollback()


async def is_named(world: Mall, owner: Connection, members: Sequence[int], proofs: Sequence[Proof | Replay]) -> bool:
    """Whether these proofs find anything when they look at these members, and at what may rest."""
    transaction = owner.transaction()  # its temporary tables go with it
    await transaction.start()
    try:
        return not (await prove_members(owner, world.clock.now(), members, proofs)).ok
    finally:
        await transaction.rollback()


async def test_the_whole_audit_names_all_that_is_wrong_at_once(world: Mall, owner: Connection) -> None:
    chosen = dict(OFFENCES)
    names = ("settings", "withdrawal_approvals", "levels", "notices", "commission_months", "rebates_due", "teams")
    async with planted(owner, *(chosen[name] for name in names)) as seen:
        report = await prove(owner, world.clock.now())
        quick = await prove_members(owner, world.clock.now(), await members_since(owner, seen) or [])
    assert not report.ok
    assert {check.name for check in report.checks if check.wrong} >= set(names)
    assert [check.name for check in report.checks] == [proof.name for proof in ALL]
    assert {check.name for check in quick.checks if check.wrong} >= set(names[:2])


_UNSEEN = "DELETE FROM (?!approvals|shop_policy)|ledger_lines|ledger_entries|ledger_deltas|'sales'|_log|_versions"


def is_seen_quickly(proof: Proof | Replay, offence: str) -> bool:
    """Whether the quick audit must find an offence too: not what concerns the whole shop, nor what is gone."""
    return proof.scope is not Scope.SHOP and not re.search(_UNSEEN, offence)


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
    many = f"SELECT 999999 + n, 1 FROM generate_series(1, {MAX_OFFENDERS + 5}) n"
    async with planted(owner, f"INSERT INTO ledger_deltas (account_id, amount) {many}"):
        report = await prove(owner, world.clock.now())
    (check,) = (check for check in report.checks if check.wrong)
    assert (check.wrong, len(check.offenders)) == (MAX_OFFENDERS + 5, MAX_OFFENDERS)


async def test_only_so_many_offenders_of_a_rule_are_named(
    world: Mall, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.ledger.audit.MAX_OFFENDERS", 1)
    async with planted(owner, "UPDATE commissions SET version = 99"):
        report = await prove(owner, world.clock.now())
    (check,) = (check for check in report.checks if check.name == "commissions_due")
    assert (check.wrong > 1, len(check.offenders)) == (True, 1)


async def test_the_audit_reads_and_writes_nothing(world: Mall) -> None:
    before = await db.fetch_value("SELECT pg_current_wal_insert_lsn()::text")
    assert (await audit(world.clock.now())).ok
    assert await db.fetch_value("SELECT pg_current_wal_insert_lsn()::text") == before


async def test_the_command_says_what_it_found(mall: Mall, owner: Connection) -> None:
    code, said, _ = await run_process(mall, "audit")
    assert (code, "全部一致" in said) == (0, True)
    await owner.execute("INSERT INTO ledger_deltas (account_id, amount) VALUES (77, 5)")
    code, said, _ = await run(mall, "audit")
    assert (code, '"account_id":77' in said, "全部一致" in said) == (1, True, False)
    code, said, _ = await run(mall, "audit", "--json")
    assert (code, '"account_id":77' in said, orjson.loads(said)["ok"]) == (1, True, False)


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
    assert (await run(mall, "audit", "--quick"))[1].count("有变动的 1 位会员") == 1
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
    for hours, sounded in ((1, 1), (1, 1), (24, 2)):
        mall.clock.advance(hours * 3600)
        await audits.watch(mall.deps)
        assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'audit_failed'") == sounded
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
