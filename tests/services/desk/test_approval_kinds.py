"""Each kind of act above its limit: checked again when it is approved, and done as it was asked for."""

from typing import Any

import msgspec
import orjson
import pytest

from server import db
from server.core.errors import FileInvalid, StateConflict
from server.rules.approvals import (
    Asked,
    CommissionPublish,
    GrowthGrant,
    PriceChange,
    RefundApprove,
    RulePublish,
    SettingsChange,
)
from server.rules.commissions import CommissionTerms
from server.rules.rebates import RuleTerms
from server.rules.shop import ShopPolicy
from server.services.catalogue import apply as catalogue_apply
from server.services.desk import approvals
from server.services.orders import refunds
from server.services.terms import policy
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import make_sku, publish, shopper, stock, work
from tests.support.shop import product as product_entry
from tests.support.staff import ADA, BEA, FIN, SAM, employ, state, waits


async def test_a_price_that_changed_meanwhile_is_not_overwritten(mall: Mall) -> None:
    await employ(mall, ADA, BEA)
    await stock(mall, product_entry("mask", "面膜", 10_000))

    def at_price(price_fen: int, **more: Any) -> PriceChange:
        document = {"products": [{"slug": "mask", "skus": [{"code": "mask-1", "price_fen": price_fen, **more}]}]}
        return PriceChange(document=orjson.dumps(document).decode(), reason="促销")

    async def price() -> int:
        return int(await db.fetch_value("SELECT price_fen FROM skus WHERE code = 'mask-1'"))

    assert (await approvals.submit(mall.deps, ADA, at_price(7_000))).skus == 1
    half = await waits(mall, ADA, at_price(5_000, stock_add=7))  # 30 % and 28.58 % are more than 50 %
    again = await waits(mall, ADA, at_price(5_001))
    assert await price() == 7_000
    assert await approvals.approve(mall.deps, half, BEA, "促销价") is None
    assert await db.fetch_value("SELECT available FROM skus WHERE code = 'mask-1'") == 107
    assert await price() == 5_000
    failed = await approvals.approve(mall.deps, again, BEA, "促销价")
    assert failed == "当前状态不支持此操作：提交之后情况已经改变，请重新提交"
    assert (await state(again), await price()) == ("failed", 5_000)
    with pytest.raises(FileInvalid):
        await approvals.submit(mall.deps, ADA, at_price(0))
    untouched = at_price(5_000, stock_add=1)
    assert (await approvals.submit(mall.deps, ADA, untouched)).pieces == 1, "without a new price nothing waits"


async def test_card_keys_never_wait_in_the_open(mall: Mall) -> None:
    await employ(mall, ADA, BEA)
    card = {"code": "card-1", "price_fen": 10_000, "spec": {"面值": "100"}, "card_keys": ["AAAA-1"]}
    category = {"slug": "cards", "name": "卡"}
    entry = {"slug": "card", "category": "cards", "kind": "virtual", "title": "礼品卡", "skus": [card]}
    await catalogue_apply.apply(mall.deps, {"categories": [category], "products": [entry]}, "cli")
    dear = {"products": [{"slug": "card", "skus": [{**card, "price_fen": 30_000, "card_keys": ["AAAA-2"]}]}]}
    with pytest.raises(FileInvalid) as refused:
        await approvals.submit(mall.deps, ADA, PriceChange(document=orjson.dumps(dear).decode(), reason=""))
    (problem,) = refused.value.detail["problems"]
    assert problem["path"] == "$.products[0].skus[0].card_keys"
    assert await db.fetch_value("SELECT count(*) FROM approvals") == 0
    assert await db.fetch_value("SELECT count(*) FROM card_keys") == 1


async def test_a_refund_is_granted_once_and_only_as_it_was(mall: Mall) -> None:
    await employ(mall, ADA, FIN, SAM)
    me, sku = await shopper(mall), await make_sku(150_000)
    orders = [await me.buy(sku) for _ in range(3)]
    for order_no in orders:
        await me.receive(order_no)
    numbers = [(await me.refund(order_no))["refund_no"] for order_no in orders]
    first, second, third = [RefundApprove(refund_no=number, reason="质量问题") for number in numbers]
    assert (await approvals.submit(mall.deps, SAM, first)).state == "processing"
    granted, stale = await waits(mall, SAM, second), await waits(mall, SAM, third)
    assert await db.fetch_value("SELECT state FROM refunds WHERE refund_no = $1", numbers[1]) == "requested"
    with pytest.raises(StateConflict):
        await approvals.submit(mall.deps, SAM, msgspec.structs.replace(second, restock=True))
    assert await approvals.approve(mall.deps, granted, FIN, "查过") is None
    await refunds.reject(mall.deps, numbers[2], "fin", "没有问题")
    failed = await approvals.approve(mall.deps, stale, FIN, "同意")
    assert (failed, await state(stale)) == ("当前状态不支持此操作", "failed")
    await work(mall)
    states = await db.fetch("SELECT state, decided_by FROM refunds ORDER BY id")
    assert [(row["state"], row["decided_by"]) for row in states][:2] == [("processing", "sam")] * 2
    assert await db.fetch_value("SELECT used FROM limit_uses") == 150_000
    await proved(mall)
    assert (
        await db.fetch_value(
            "SELECT detail->>'approved_by' FROM audit_log WHERE action = 'refund_approve' ORDER BY id DESC LIMIT 1"
        )
        == "fin"
    )


async def test_every_other_kind_waits_and_is_done(mall: Mall) -> None:
    await publish(mall)
    await employ(mall, ADA, BEA)
    me = await shopper(mall)
    held = await policy.stored()
    growth = GrowthGrant(member_id=me.id, amount=10_001, once="g", anew=True, reason="补")
    acts: list[Asked] = [
        growth,
        RulePublish(terms=RuleTerms(required=4), reason="四人", base=1),
        CommissionPublish(terms=CommissionTerms(), reason="清空"),
        SettingsChange(policy=ShopPolicy(limit_owner_rules=9, name="新名"), version=held.version, reason="放宽"),
    ]
    waiting = [await waits(mall, ADA, act) for act in acts]
    stale = await waits(mall, ADA, RulePublish(terms=RuleTerms(required=5), reason="五人"))
    for one in waiting:
        assert await approvals.approve(mall.deps, one, BEA, "同意") is None
    assert await db.fetch_value("SELECT amount FROM growth_entries") == 10_001
    assert await db.fetch_value("SELECT max(version) FROM rule_versions") == 2
    assert await db.fetch_value("SELECT operator FROM commission_versions") == "ada"
    assert (await policy.stored()).policy.limit_owner_rules == 9
    assert await approvals.approve(mall.deps, stale, BEA, "同意") is not None, "another version came first"
    same = CommissionPublish(terms=CommissionTerms(), reason="再来")
    assert (await approvals.submit(mall.deps, ADA, same)).version == 1


async def test_other_settings_need_nobody(mall: Mall) -> None:
    await employ(mall, ADA, BEA)
    held = await policy.stored()
    renamed = SettingsChange(policy=ShopPolicy(name="新名"), version=held.version, reason="改名")
    assert await approvals.submit(mall.deps, ADA, renamed) == ["name"]
