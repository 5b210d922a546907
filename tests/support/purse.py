"""Members with money that can be withdrawn, and the sandbox's side of a withdrawal."""

import secrets
from typing import Any

import msgspec

from server import db
from server.ledger import book
from server.ledger.chart import DEBT, REBATE_COST, WITHDRAWABLE, Account
from server.ledger.entries import Entry, Line, moved
from server.rules.shop import ShopPolicy
from server.services.common import audit_log
from server.services.coupons import apply as coupon_apply
from server.services.coupons import issues
from server.services.points import movements as points_room
from server.services.terms import policy
from server.services.withdrawals import requests as withdrawal_requests
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, work

TEST_KEY = "test:"
"""How the keys of entries begin that give money from nowhere."""
NO_REBATE = "rebate:0"
"""The source of a debt that no rebate left."""


async def earn(mall: Mall, member_id: int, amount_fen: int, account: Account = WITHDRAWABLE) -> None:
    """Credit money as a released rebate would. None stands behind it: support/proof.py knows such entries."""
    key = f"{TEST_KEY}{secrets.token_hex(8)}"
    lines = moved(Line(0, REBATE_COST, -amount_fen), Line(member_id, account, amount_fen))
    async with db.transaction() as tx:
        await book.post(tx, Entry(key, "rebate_release", "测试", f"member:{member_id}", lines), mall.clock.now())


async def owe(mall: Mall, member_id: int, amount_fen: int) -> None:
    """Book a debt, as a reversed rebate would leave it."""
    lines = moved(Line(member_id, DEBT, -amount_fen, NO_REBATE), Line(0, REBATE_COST, amount_fen))
    async with db.transaction() as tx:
        await book.post(
            tx,
            Entry(f"{TEST_KEY}{member_id}", "coupon_take_back", "收回", f"member:{member_id}", lines),
            mall.clock.now(),
        )


async def rich(mall: Mall, amount_fen: int = 10_000) -> Shopper:
    """Make a member with that much to withdraw."""
    shopper = await join(mall)
    await earn(mall, shopper.id, amount_fen)
    return shopper


async def set_policy(mall: Mall, **terms: Any) -> None:
    """Set the shop's policy, in force at once and in the operators' log, whatever rules are published."""
    wanted = msgspec.convert(terms, ShopPolicy)
    async with db.transaction() as tx:
        before, after = (msgspec.to_builtins(one) for one in ((await policy.read(tx)).policy, wanted))
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $1::jsonb, $2)"
            " ON CONFLICT (id) DO UPDATE SET terms = $1::jsonb, updated_at = $2",
            msgspec.json.encode(wanted).decode(),
            mall.clock.now(),
        )
        changed = [name for name in after if after[name] != before[name]]
        said = {"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}}
        await audit_log.record(tx, mall.clock.now(), "tester", "settings.change", "shop", said | {"reason": "测试"})
    policy.FRESH.forget()


async def ask(shopper: Shopper, amount_fen: int = 5_000, **more: Any) -> str:
    """Request a withdrawal; return its number."""
    asked = await shopper.post("/withdrawals", {"amount_fen": amount_fen, **more})
    return str(asked["withdrawal_no"])


async def send(mall: Mall, shopper: Shopper, amount_fen: int = 5_000, **more: Any) -> str:
    """Make a withdrawal that an operator approved and the worker sent to WeChat; return its number."""
    no = await ask(shopper, amount_fen, **more)
    await withdrawal_requests.approve(mall.deps, no, "tester")
    await work(mall)
    return no


async def state_of(shopper: Shopper, withdrawal_no: str) -> str:
    """Return the state that the member sees."""
    return str((await shopper.get(f"/withdrawals/{withdrawal_no}"))["state"])


async def give_points(mall: Mall, member_id: int, points: int) -> None:
    """Credit points that can be spent."""
    key = secrets.token_hex(8)
    assert await points_room.adjust(mall.deps, member_id, points, key, "测试", "tester")


async def points_of(shopper: Shopper) -> int:
    """Return the points that the member sees in the wallet."""
    return int((await shopper.wallet())["points"])


async def give_coupons(mall: Mall, shopper: Shopper) -> None:
    """Make a template that the shopper claims, and an issue of it to everybody."""
    gift = {"slug": "gift", "name": "礼券", "amount_fen": 500}
    await coupon_apply.apply(mall.deps, {"templates": [gift]}, "tester")
    template = await db.fetch_value("SELECT id FROM coupon_templates")
    await shopper.post(f"/coupon-templates/{template}/claim")
    await issues.ask(mall.deps, issues.Wanted(template, "all", None, [], [], "once", "活动"), "tester")
