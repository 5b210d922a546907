"""Read 推三返一: rebates with their explanation, the progress, and the orders that could be returned."""

from datetime import datetime

import asyncpg
import msgspec
import orjson

from server import db
from server.core.errors import ChoiceNotNeeded, NotFound, NotReturnable
from server.gateways.ports import Deps
from server.outbox import Job, put
from server.rules.members import masked_name
from server.rules.promises import welcome
from server.rules.rebates import RuleTerms, in_scope_fen, returnable
from server.rules.referrals import WAITS as WAITS_FOR_PAYMENT
from server.rules.waits import LABELS as WAITS
from server.rules.waits import WaitsFor, waits_for
from server.services.common import cursors, locks
from server.services.rebates import cycle_views, cycles
from server.services.rebates.cycle_views import Friend, NextReturn, Rule
from server.services.terms.rebate_rules import in_force, terms_of


class QualificationView(msgspec.Struct):
    """One friend's first order that counted; the name is masked."""

    nickname: str
    paid_at: datetime
    received_at: datetime | None
    amount_fen: int
    """The amount of the stage that this friend added."""


class StepView(msgspec.Struct):
    """One line of the sum."""

    label: str
    amount_fen: int


class Explanation(msgspec.Struct):
    """The calculation: the friends who counted, the version of the rule, each step of the sum."""

    rule_version: int
    qualifications: list[QualificationView]
    steps: list[StepView]


class RebateView(msgspec.Struct):
    """A rebate. `amount_fen` is granted so far, `whole_fen` what the full cycle returns."""

    id: int
    state: str
    state_label: str
    order_no: str
    amount_fen: int
    whole_fen: int
    required: int
    pay_as: str
    withdrawable: bool
    closed_at: datetime
    release_at: datetime | None
    waits_for: WaitsFor | None
    """What it waits for beside the time of `release_at`."""
    waits_label: str | None
    settled_at: datetime | None
    reversed_at: datetime | None
    explanation: Explanation


_LABELS = {"frozen": "冻结中", "settled": "已到账", "reversed": "已收回"}

_SELECT = """
SELECT r.id, r.state, r.rule_version, r.required, r.whole_fen, r.granted_fen, r.pay_as, r.withdrawable, r.explanation,
  r.closed_at, r.release_at, r.settled_at, r.reversed_at, o.order_no,
  (SELECT jsonb_agg(jsonb_build_object('nickname', m.nickname, 'paid_at', q.paid_at,
    'received_at', w.received_at) ORDER BY q.paid_at, q.order_id)
  FROM qualifications q JOIN members m ON m.id = q.referee_id JOIN orders w ON w.id = q.order_id
  WHERE q.rebate_id = r.id) AS friends,
  (SELECT jsonb_agg(s.amount_fen ORDER BY s.position) FROM rebate_stages s
    WHERE s.rebate_id = r.id AND s.state <> 'reversed') AS stages,
  r.state = 'frozen' AND EXISTS (SELECT FROM rebate_stages s WHERE s.rebate_id = r.id AND s.state = 'frozen'
    AND stage_held(s)) AS refund_open, (SELECT state = 'blocked' FROM members WHERE id = r.member_id) AS blocked
FROM rebates r JOIN orders o ON o.id = r.order_id
"""


def _shown(row: asyncpg.Record) -> RebateView:
    friends = orjson.loads(row["friends"] or "[]")
    amounts = orjson.loads(row["stages"] or "[]")
    waits = waits_for(
        frozen=row["state"] == "frozen",
        release_at=row["release_at"],
        refund=row["refund_open"],
        blocked=row["blocked"],
    )
    return RebateView(
        id=row["id"],
        state=row["state"],
        state_label=_LABELS[row["state"]],
        order_no=row["order_no"],
        amount_fen=row["granted_fen"],
        whole_fen=row["whole_fen"],
        required=row["required"],
        pay_as=row["pay_as"],
        withdrawable=row["withdrawable"],
        closed_at=row["closed_at"],
        release_at=row["release_at"],
        waits_for=waits,
        waits_label=waits and WAITS[waits],
        settled_at=row["settled_at"],
        reversed_at=row["reversed_at"],
        explanation=Explanation(
            rule_version=row["rule_version"],
            qualifications=[
                QualificationView(
                    masked_name(friend["nickname"]),
                    datetime.fromisoformat(friend["paid_at"]),
                    friend["received_at"] and datetime.fromisoformat(friend["received_at"]),
                    amount_fen,
                )
                for friend, amount_fen in zip(friends, amounts, strict=False)
            ],
            steps=_steps(row),
        ),
    )


def _steps(row: asyncpg.Record) -> list[StepView]:
    """List the steps of the sum at closing, then the changes since, so that the steps always add up to the amount."""
    steps = [StepView(**step) for step in orjson.loads(row["explanation"])["steps"]]
    closed_fen = sum(step.amount_fen for step in steps)
    if row["state"] == "reversed":
        return [*steps, StepView("已收回", -closed_fen)]
    if row["whole_fen"] != closed_fen:
        steps.append(StepView("相关订单部分退款", row["whole_fen"] - closed_fen))
    if row["granted_fen"] != row["whole_fen"]:
        steps.append(StepView("尚未到达的阶段或支付上限", row["granted_fen"] - row["whole_fen"]))
    return steps


async def page_of(member_id: int, cursor: str | None, limit: int) -> tuple[list[RebateView], str | None]:
    """List the member's own rebates, newest first, and the next page's cursor. Raises BadRequest for a bad cursor."""
    before = cursors.unpack(cursor, tuple[cursors.Number])[0] if cursor else None
    rows = await db.fetch(
        f"{_SELECT} WHERE r.member_id = $1 AND ($2::bigint IS NULL OR r.id < $2) ORDER BY r.id DESC LIMIT $3",
        member_id,
        before,
        limit + 1,
    )
    return [_shown(row) for row in rows[:limit]], cursors.pack((rows[limit - 1]["id"],)) if len(rows) > limit else None


async def one_of(member_id: int, rebate_id: int) -> RebateView:
    """Read the member's own rebate. Raises NotFound."""
    row = await db.fetch_row(f"{_SELECT} WHERE r.id = $1 AND r.member_id = $2", rebate_id, member_id)
    if row is None:
        raise NotFound(what="rebate")
    return _shown(row)


class Progress(msgspec.Struct):
    """The member's current cycle. `held` waits for a review, `pending` for receipt."""

    required: int
    counted: int
    pending: int
    held: int
    cycles_closed: int


class DownlineCounts(msgspec.Struct):
    """How many members this one referred. What lies below them is the operators' to see."""

    level1: int


class RebateSums(msgspec.Struct):
    """Live rebates: what is settled and what is still frozen."""

    count: int
    settled_fen: int
    frozen_fen: int


class Referrer(msgspec.Struct):
    """Who referred the member, masked."""

    nickname: str
    avatar_url: str
    bound_at: datetime
    welcome: str | None
    """What the member's first order would do for the referrer; None once that is decided."""


class ReferralView(msgspec.Struct):
    """The member's 推三返一 centre in one answer."""

    share_code: str
    referrer: Referrer | None
    binding_waits: str | None
    """What the binding that the member asked for waits for; None if none waits."""
    progress: Progress
    downline: DownlineCounts
    rebates: RebateSums
    friends: list[Friend]
    next_return: NextReturn | None


async def referral(deps: Deps, member_id: int) -> ReferralView:
    """Read everything about the member's referrals. Raises NotFound."""
    row = await db.fetch_row(
        "SELECT m.share_code, m.bound_at, p.nickname, p.avatar_url, p.id AS referrer_id,"
        " (SELECT count(*) FROM members WHERE referrer_id = m.id) AS level1,"
        " EXISTS (SELECT FROM qualifications WHERE referee_id = m.id) AS qualified,"
        " EXISTS (SELECT FROM pending_bindings WHERE member_id = m.id) AS binding_asked,"
        " (SELECT jsonb_object_agg(state, n) FROM (SELECT state, count(*) AS n FROM qualifications"
        "    WHERE referrer_id = m.id GROUP BY state) s) AS states,"
        " (SELECT rule_version FROM qualifications WHERE referrer_id = m.id AND state = 'counted'"
        "    ORDER BY paid_at, order_id LIMIT 1) AS version,"
        " (SELECT jsonb_build_object('id', r.id, 'required', r.required, 'version', r.rule_version,"
        "    'order_id', r.order_id, 'whole_fen', r.whole_fen, 'joined',"
        "    (SELECT count(*) FROM qualifications WHERE rebate_id = r.id)) FROM rebates r WHERE r.member_id = m.id"
        "    AND r.state = 'frozen' AND (SELECT count(*) FROM qualifications WHERE rebate_id = r.id) < r.required"
        "    ORDER BY r.id LIMIT 1) AS opened,"
        " (SELECT count(*) FROM rebates WHERE member_id = m.id AND state <> 'reversed') AS cycles,"
        " (SELECT COALESCE(sum(s.amount_fen) FILTER (WHERE s.state = 'settled'), 0)::bigint FROM rebate_stages s"
        "    JOIN rebates r ON r.id = s.rebate_id WHERE r.member_id = m.id) AS settled,"
        " (SELECT COALESCE(sum(s.amount_fen) FILTER (WHERE s.state = 'frozen'), 0)::bigint FROM rebate_stages s"
        "    JOIN rebates r ON r.id = s.rebate_id WHERE r.member_id = m.id) AS frozen"
        " FROM members m LEFT JOIN members p ON p.id = m.referrer_id WHERE m.id = $1",
        member_id,
    )
    if row is None:
        raise NotFound(what="member")
    states = orjson.loads(row["states"] or "{}")
    opened = orjson.loads(row["opened"] or "null")
    rule = await _rule(opened["version"] if opened else row["version"])
    required = opened["required"] if opened else rule.terms.required
    circle = await cycle_views.circle(member_id, required, opened and opened["id"])
    coming: NextReturn | None
    if opened:
        coming = await cycle_views.returning(rule.terms, opened["order_id"], opened["whole_fen"], opened["joined"])
    else:
        at = deps.clock.now()
        coming = await cycle_views.next_return(member_id, rule, at, circle.counted)
    referrer = None
    if row["referrer_id"] is not None:
        said = None if row["qualified"] else welcome((await in_force()).terms)
        referrer = Referrer(masked_name(row["nickname"]), row["avatar_url"], row["bound_at"], said)
    return ReferralView(
        share_code=row["share_code"],
        referrer=referrer,
        binding_waits=WAITS_FOR_PAYMENT if row["binding_asked"] and referrer is None else None,
        progress=Progress(
            required=required,
            counted=states.get("counted", 0) + (opened["joined"] if opened else 0),
            pending=states.get("pending", 0),
            held=states.get("held", 0),
            cycles_closed=row["cycles"] - bool(opened),
        ),
        downline=DownlineCounts(row["level1"]),
        rebates=RebateSums(row["cycles"], row["settled"], row["frozen"]),
        friends=circle.friends,
        next_return=coming,
    )


async def _rule(version: int | None) -> Rule:
    if version is not None:
        return Rule(version, await terms_of(version))
    newest = await in_force()
    return Rule(newest.version, newest.terms)


class ReturnableOrder(msgspec.Struct):
    """An order that can be returned, with title and image of its first line. `in_scope_fen` is the cash that counts."""

    order_no: str
    paid_at: datetime
    in_scope_fen: int
    chosen: bool
    title: str
    image: str


_FIRST_LINES = """
SELECT DISTINCT ON (order_id) order_id, title, image FROM order_lines
  WHERE order_id = ANY($1) ORDER BY order_id, position
"""


async def returnable_orders(deps: Deps, member_id: int) -> tuple[list[ReturnableOrder], bool]:
    """List the orders that could be returned now, oldest first, and whether the member may choose among them."""
    terms = await _cycle_terms(member_id)
    chosen = await db.fetch_value("SELECT order_id FROM return_choices WHERE member_id = $1", member_id)
    async with db.connection() as connection:
        found = returnable(terms, await cycles.candidates(connection, member_id), deps.clock.now())
        first = {row["order_id"]: row for row in await connection.fetch(_FIRST_LINES, [one.order_id for one in found])}
    return [
        ReturnableOrder(
            one.order_no,
            one.paid_at,
            in_scope_fen(terms, one.lines),
            one.order_id == chosen,
            first[one.order_id]["title"],
            first[one.order_id]["image"],
        )
        for one in found
    ], terms.pick == "member_chooses"


async def choose(deps: Deps, member_id: int, order_no: str) -> None:
    """Save which order the member chose under `member_chooses`. Raises ChoiceNotNeeded, NotReturnable."""
    terms = await _cycle_terms(member_id)
    if terms.pick != "member_chooses":
        raise ChoiceNotNeeded
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.member(tx, member_id)
        found = returnable(terms, await cycles.candidates(tx, member_id), at)
        order_id = next((one.order_id for one in found if one.order_no == order_no), None)
        if order_id is None:
            raise NotReturnable
        await tx.execute(
            "INSERT INTO return_choices (member_id, order_id, chosen_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (member_id) DO UPDATE SET order_id = $2, chosen_at = $3",
            member_id,
            order_id,
            at,
        )
        await put(tx, [Job("close_cycle", {"member_id": member_id})], at)


async def _cycle_terms(member_id: int) -> RuleTerms:
    """Read the terms of the member's next cycle: of the oldest counted qualification, else of the version in force."""
    version = await db.fetch_value(
        "SELECT rule_version FROM qualifications WHERE referrer_id = $1 AND state = 'counted'"
        " ORDER BY paid_at, order_id LIMIT 1",
        member_id,
    )
    return (await _rule(version)).terms
