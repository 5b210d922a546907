"""The bench of the audit refuses a shop that is wrong, and an audit that takes too long."""

from datetime import datetime, timedelta

import pytest

from server import db
from server.commands.bench import audits
from server.ledger.audit import Report, audit
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, work


async def names(mall: Mall) -> list[str]:
    return [result.name async for result, _ in audits.measure(mall.deps)]


async def test_it_measures_the_audits_and_refuses_what_takes_too_long(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await join(mall)).buy(await make_sku())
    await work(mall)
    assert await names(mall) == ["audit:full", "audit:later", "audit:quick"]
    monkeypatch.setattr(audits, "MOST_S", 0)
    with pytest.raises(audits.AuditFailed, match="at most 0"):
        await names(mall)


async def test_it_refuses_a_shop_with_offenders(mall: Mall) -> None:
    await (await join(mall)).buy(await make_sku())
    await work(mall)
    await db.fetch("UPDATE orders SET cash_due_fen = cash_due_fen + 1 RETURNING id")
    with pytest.raises(audits.AuditFailed, match="order_amounts"):
        await names(mall)


async def test_it_refuses_a_shop_that_is_wrong_a_month_later(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    async def later(at: datetime) -> Report:
        assert timedelta(days=29) < at - mall.clock.now() < timedelta(days=31)
        await db.fetch("UPDATE orders SET cash_due_fen = cash_due_fen + 1 RETURNING id")
        return await audit(at)

    await (await join(mall)).buy(await make_sku())
    await work(mall)
    monkeypatch.setattr(audits, "audit", later)
    with pytest.raises(audits.AuditFailed, match="order_amounts"):
        await names(mall)
    assert await db.fetch_value("SELECT max(at) FROM audit_runs") <= mall.clock.now(), "the shop would remember it"
