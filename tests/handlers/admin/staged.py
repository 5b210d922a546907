"""A shop in which every text that people can type is a script. No screen of the panel may run it."""

from datetime import timedelta

import msgspec
import orjson

from server import db
from server.rules.approvals import PointsGrant
from server.rules.commissions import CommissionTerms, Fixed
from server.rules.rebates import RuleTerms, Scope
from server.services.common import approvals, audit_log
from server.services.reconciliation.matching import Matched
from server.services.terms import commission_policies, rebate_rules
from tests.support.mall import Mall
from tests.support.shop import Shopper, make_sku, shopper, work

_RUN = """
WITH run AS (INSERT INTO reconciliations (day, operator, state, sums, problem, started_at, finished_at)
  VALUES ('2026-01-01', left($2::text, 40), 'differences', $3, $2::text, $1, $1) RETURNING id)
INSERT INTO reconciliation_differences (run_id, bill, kind, subject, ours)
  SELECT id, 'trade', 'ours_only', left($2::text, 64),
    jsonb_build_object('amount_fen', 1, 'state', $2::text, 'about', $2::text) FROM run
"""
_WITHDRAWAL = """
INSERT INTO withdrawals (withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state, requested_at, why,
  approved_by, checks) VALUES ('W1', $1, 100, 0, 0, 100, 'requested', $2, $3::text, left($3::text, 40), 0)
"""
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


async def stage(mall: Mall) -> tuple[Shopper, str, str, int]:
    """Make a member with such texts, with a paid order and an open refund; and an alarm."""
    sku = await make_sku(10_000)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    await rebate_rules.publish(mall.deps, RuleTerms(scope=Scope(products=(product,))), XSS, XSS[:40])
    policies = (Fixed(fixed_fen=1, scope="product", ids=(product,)),)
    await commission_policies.apply(mall.deps, CommissionTerms(policies=policies), XSS, XSS[:40])
    mall.clock.advance(1)  # from then on they are in force
    me = await shopper(mall)
    await me.do("PATCH", "/me", {"nickname": XSS[:20]})
    items = [{"sku_id": sku, "quantity": 2}]
    placed = await me.post("/orders", {"items": items, "address_id": await me.address(), "remark": XSS})
    order_no: str = placed["order_no"]
    await me.pay(order_no)
    await work(mall)
    line = await db.fetch_value("SELECT min(id) FROM order_lines")
    refund = await me.refund(order_no, lines=[{"line_id": line, "quantity": 1}], reason=XSS)
    async with db.transaction() as tx:
        await poison_goods(tx, mall)
        await tx.execute("UPDATE order_lines SET title = $1, spec = jsonb_build_object($2::text, $2::text)", XSS, XSS)
        await tx.execute(
            "INSERT INTO outbox (job, args, due_at, attempts, last_error, created_at)"
            " VALUES (left($1::text, 40), jsonb_build_object($1::text, $1::text),"
            " $2::timestamptz + interval '1 day', 3, $1::text, $2)",
            XSS,
            mall.clock.now(),
        )
        await tx.execute(
            "INSERT INTO notice_templates (key, template_id, title, page, fields)"
            " SELECT left(x, 24), left(x, 40), left(x, 40), x, jsonb_build_object(x, x) FROM (SELECT $1::text AS x) t",
            XSS,
        )
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, jsonb_build_object('slogan', $1::text), $2)",
            XSS[:40],
            mall.clock.now(),
        )
        await tx.execute(_RUN, mall.clock.now(), XSS, msgspec.json.encode(Matched().totals()).decode())
        await tx.execute(_WITHDRAWAL, me.id, mall.clock.now(), XSS)
        alarm: int = await tx.fetchval(
            "INSERT INTO alarms (kind, subject, detail, at) VALUES ($1, $2, jsonb_build_object($4::text, $4::text), $3)"
            " RETURNING id",
            "odd",
            XSS,
            mall.clock.now(),
            XSS,
        )
        await poison_people(tx, mall, me)
        act = PointsGrant(member_id=me.id, points=1, once="staged", reason=XSS)
        measured = approvals.Measured(1, 0, {"before": XSS, "points": 1, "reason": XSS})
        await approvals.ask(tx, mall.clock.now(), XSS[:40], act, measured, days=7)
        await audit_log.record(tx, mall.clock.now(), "x", XSS[:40], XSS, {"before": XSS, "reason": XSS, XSS: XSS})
    return me, order_no, refund["refund_no"], alarm


async def poison_people(tx: db.Connection, mall: Mall, me: Shopper) -> None:
    await tx.execute(
        "INSERT INTO bindings (member_id, referrer_id, how, operator, reason, valid_from, valid_to)"
        " VALUES ($1, $1, 'correction', $2, $3, $4, $4)",
        me.id,
        XSS[:40],
        XSS,
        mall.clock.now(),
    )
    await tx.execute(
        "INSERT INTO coupons (member_id, source, name, amount_fen, state, starts_at, expires_at, created_at,"
        " threshold_fen, discount_fen) VALUES ($1, 'x', $2, 100, 'unused', $3, $4, $3, 0, 0)",
        me.id,
        XSS[:40],
        mall.clock.now(),
        mall.clock.now() + timedelta(days=1),
    )
    await tx.execute(
        "INSERT INTO levels (place, name, growth, discount_bp, points_bp, free_freight, commission_bonus_bp,"
        " colour, icon) VALUES (0, left($1::text, 10), 0, 10000, 10000, false, 0, '#8C7A6B', 'user')",
        XSS,
    )
    await tx.execute(
        "INSERT INTO growth_entries (member_id, key, source, kind, amount, base_fen, counts_at, why, operator, at)"
        " VALUES ($1, 'x', 'x', 'correction', 1, 0, $2, $3::text, left($3::text, 40), $2)",
        me.id,
        mall.clock.now(),
        XSS,
    )
    await tx.execute(
        "INSERT INTO level_changes (member_id, before, after, name, growth, why, at)"
        " VALUES ($1, 0, 1, left($2::text, 10), 1, 'growth', $3)",
        me.id,
        XSS,
        mall.clock.now(),
    )


async def poison_goods(tx: db.Connection, mall: Mall) -> None:
    await tx.execute(
        "UPDATE products SET title = $1::text, subtitle = $1::text, detail = $1::text, slug = left($1::text, 60),"
        " images = $2",
        XSS,
        orjson.dumps([XSS]).decode(),
    )
    await tx.execute("UPDATE skus SET code = left($1::text, 60), spec = jsonb_build_object($1::text, $1::text)", XSS)
    await tx.execute("UPDATE categories SET name = left($1::text, 40), slug = left($1::text, 40), icon = $1::text", XSS)
    rate = {"first": 1, "first_fen": 1, "next": 1, "next_fen": 1, "free_from_fen": None}
    zones = [{"provinces": ["浙江"], **rate}]
    await tx.execute(
        "INSERT INTO freight_templates (slug, name, terms, updated_at)"
        " VALUES (left($1::text, 40), left($1::text, 40), $2, $3)",
        XSS,
        orjson.dumps({"by": "piece", "elsewhere": rate, "zones": zones, "excluded": []}).decode(),
        mall.clock.now(),
    )
    await tx.execute("UPDATE products SET freight_template_id = (SELECT id FROM freight_templates)")
    await tx.execute(
        "INSERT INTO coupon_templates (slug, name, amount_fen, threshold_fen, valid_days, claimed, per_member,"
        " active, created_at) VALUES (left($1::text, 40), left($1::text, 40), 1, 0, 1, 0, 1, true, $2)",
        XSS,
        mall.clock.now(),
    )
    await tx.execute(
        "WITH sale AS (INSERT INTO flash_sales (slug, name, starts_at, ends_at, created_at)"
        " VALUES (left($1::text, 40), left($1::text, 40), $2, $2::timestamptz + interval '1 hour', $2) RETURNING id)"
        " INSERT INTO flash_items (sale_id, sku_id, price_fen, stock, returned, per_member)"
        " SELECT sale.id, skus.id, 1, 0, 0, 1 FROM sale, skus",
        XSS,
        mall.clock.now(),
    )
    await tx.execute(
        "INSERT INTO points_goods (slug, sku_id, points, price_fen, stock, taken, active, created_at)"
        " SELECT left($1::text, 40), id, 1, 0, 1, 0, true, $2 FROM skus",
        XSS,
        mall.clock.now(),
    )
    await tx.execute(_GROUP_BUY, XSS, mall.clock.now())


_GROUP_BUY = """
WITH made AS (INSERT INTO group_buys (slug, title, product_id, size, window_hours, taken, virtual_fill, active,
    starts_at, ends_at, created_at) SELECT left($1::text, 40), left($1::text, 40), id, 2, 1, 0, true, true,
    $2::timestamptz, $2::timestamptz + interval '1 day', $2 FROM products RETURNING id),
  priced AS (INSERT INTO group_buy_skus (group_buy_id, sku_id, price_fen) SELECT made.id, skus.id, 1 FROM made, skus),
  team AS (INSERT INTO teams (team_no, group_buy_id, leader_id, size, state, taken, paid, filled, opened_at, closes_at,
    due_at, ended_at) SELECT 'G1', id, 1, 2, 'succeeded', 1, 1, 1, $2, $2, $2, $2 FROM made RETURNING id)
UPDATE orders SET team_id = team.id FROM team
"""


async def of_goods() -> dict[str, int]:
    """Return the ids of the other things that `stage` made."""
    found = await db.fetch_row(
        "SELECT s.id AS sku, p.id AS product, p.category_id AS category, t.id AS coupon,"
        " g.id AS group_buy, f.id AS sale, p.freight_template_id AS freight, e.id AS points_good, a.id AS approval"
        " FROM skus s JOIN products p ON p.id = s.product_id, coupon_templates t, group_buys g, flash_sales f,"
        " points_goods e, approvals a"
    )
    return dict(found or {})
