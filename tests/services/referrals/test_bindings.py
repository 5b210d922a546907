"""Every refusal of a binding over HTTP, the chain of three, and an operator's corrections."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import orjson
import pytest

from server import db
from server.core import errors
from server.models import Binding, Member, Share
from server.services.common import audit_log
from server.services.referrals import bindings
from tests.support.mall import Mall
from tests.support.people import Person, chain_of, error_of, log_in, make_members


async def late(person: Person, share_code: str) -> tuple[int, str]:
    answer = await person.call("POST", "/me/binding", json={"share_code": share_code})
    return error_of(answer) if answer.status_code != 200 else (200, answer.json()["status"])


async def bind_all(mall: Mall, *pairs: tuple[int, int]) -> None:
    for member_id, referrer_id in pairs:
        await bindings.bind_late(mall.deps, member_id, f"S{referrer_id}")


async def nothing(_: Mall, __: Person, ___: Person) -> None:
    return


async def disable(_: Mall, __: Person, bert: Person) -> None:
    await Share.filter(member_id=bert.id).update(disabled=True)


async def bind_elsewhere(mall: Mall, anna: Person, _: Person) -> None:
    [other] = await make_members(mall, 1)
    await bind_all(mall, (anna.id, other))


async def block(_: Mall, __: Person, bert: Person) -> None:
    await Member.filter(id=bert.id).update(state="blocked")


async def close(_: Mall, __: Person, bert: Person) -> None:
    await Member.filter(id=bert.id).update(state="closed")


async def bert_below(mall: Mall, anna: Person, bert: Person) -> None:
    between = await make_members(mall, 4)
    await bind_all(mall, (between[0], anna.id), *zip(between[1:], between, strict=False), (bert.id, between[-1]))


async def pay(mall: Mall, anna: Person, _: Person) -> None:
    await Member.filter(id=anna.id).update(first_paid_at=mall.clock.now())


async def come_back(mall: Mall, anna: Person, _: Person) -> None:
    [closed] = await make_members(mall, 1)
    hashed = mall.deps.cipher.blind(anna.openid, bindings.OPENID_COLUMN)
    await Member.filter(id=closed).update(openid=hashed, state="closed")


async def have_downline(mall: Mall, anna: Person, _: Person) -> None:
    [below] = await make_members(mall, 1)
    await bind_all(mall, (below, anna.id))


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (disable, "share_disabled"),
        (bind_elsewhere, "already_bound"),
        (block, "referrer_blocked"),
        (close, "referrer_blocked"),
        (bert_below, "loop"),
        (pay, "has_paid_order"),
        (come_back, "has_paid_order"),
        (have_downline, "has_downline"),
    ],
)
async def test_refusals(mall: Mall, prepare: Callable[[Mall, Person, Person], Awaitable[None]], code: str) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    bert_share = await Share.get(member_id=bert.id)
    await Share.filter(id=bert_share.id).update(code=f"S{bert.id}")
    await Share.filter(member_id=anna.id).update(code=f"S{anna.id}")
    await prepare(mall, anna, bert)
    before = await chain_of(anna.id)
    assert await late(anna, f"S{bert.id}") == (422, code)
    assert await chain_of(anna.id) == before
    known = await log_in(mall, "o-anna", share_code=f"S{bert.id}")
    assert known.binding in ({"status": "refused", "reason": code}, {"status": code, "reason": None})


async def test_unknown_shares_and_ones_own(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    assert await late(anna, "NOSUCH22") == (422, "share_unknown")
    assert await late(anna, anna.share_code) == (422, "self")
    await bind_elsewhere(mall, anna, anna)
    assert await late(anna, anna.share_code) == (422, "self"), "an earlier check wins"


async def test_a_late_binding(mall: Mall) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    assert await late(bert, anna.share_code) == (200, "bound")
    row = await Binding.get(member_id=bert.id)
    assert (row.referrer_id, row.how, row.share_code, row.valid_to) == (anna.id, "late", anna.share_code, None)
    assert (await Member.get(id=bert.id)).bound_at == row.valid_from
    assert (await mall.http.post("/api/me/binding", json={"share_code": "A"})).status_code == 401


async def test_the_chain_is_three_long(mall: Mall) -> None:
    a, b, c, d, e = await make_members(mall, 5)
    await bind_all(mall, (b, a), (c, b), (d, c), (e, d))
    assert [await chain_of(one) for one in (a, b, c, d, e)] == [
        [None, None, None], [a, None, None], [b, a, None], [c, b, a], [d, c, b],
    ]  # fmt: skip


async def test_a_correction_moves_two_levels_with_it(mall: Mall) -> None:
    a, b, c, d, e, x, y = await make_members(mall, 7)
    await bind_all(mall, (b, a), (c, b), (d, c), (e, d), (y, x))
    made = mall.clock.now()
    mall.clock.advance(3600)
    await bindings.correct_binding(mall.deps, b, y, "扫错了码", "boss")
    assert [await chain_of(one) for one in (b, c, d, e, a, y)] == [
        [y, x, None], [b, y, x], [c, b, y], [d, c, b], [None, None, None], [x, None, None],
    ]  # fmt: skip
    old, new = await Binding.filter(member_id=b).order_by("id")
    assert (old.referrer_id, old.how, old.valid_to) == (a, "late", new.valid_from)
    assert (new.referrer_id, new.how, new.operator, new.reason, new.valid_to) == (
        y,
        "correction",
        "boss",
        "扫错了码",
        None,
    )
    assert new.valid_from - made >= timedelta(hours=1)
    record = await db.fetch_row("SELECT actor, action, subject, detail FROM audit_log")
    assert record is not None
    assert (record["actor"], record["action"], record["subject"]) == ("boss", "binding.correct", f"member:{b}")
    assert orjson.loads(record["detail"]) == {"before": a, "after": y, "reason": "扫错了码"}
    async with db.snapshot() as view:
        assert await audit_log.verify(view) == (1, [])


async def test_a_correction_to_nobody(mall: Mall) -> None:
    a, b, c, d = await make_members(mall, 4)
    await bind_all(mall, (b, a), (c, b), (d, c))
    await bindings.correct_binding(mall.deps, b, None, "误绑", "boss")
    assert [await chain_of(one) for one in (b, c, d)] == [[None, None, None], [b, None, None], [c, b, None]]
    assert await Binding.filter(member_id=b, valid_to=None).count() == 0
    assert (await Member.get(id=b)).bound_at is None


async def test_what_a_correction_may_not_do(mall: Mall) -> None:
    a, b, c, d, blocked = await make_members(mall, 5)
    await bind_all(mall, (b, a), (c, b), (d, c))
    await Member.filter(id=blocked).update(state="blocked")
    for member_id, referrer_id, reason, refusal in (
        (a, d, "x", errors.ReferralLoop),
        (a, a, "x", errors.BindSelf),
        (b, a, "x", errors.AlreadyBound),
        (a, None, "x", errors.AlreadyBound),
        (a, blocked, "x", errors.ReferrerBlocked),
        (a, 999_999, "x", errors.NotFound),
        (999_999, a, "x", errors.NotFound),
        (a, blocked, "  ", errors.BadRequest),
    ):
        with pytest.raises(refusal):
            await bindings.correct_binding(mall.deps, member_id, referrer_id, reason, "boss")
    hashed = mall.deps.cipher.blind((await Member.get(id=a)).openid, bindings.OPENID_COLUMN)
    await Member.filter(id=d).update(openid=hashed)
    [other] = await make_members(mall, 1)
    with pytest.raises(errors.HasPaidOrder):
        await bindings.correct_binding(mall.deps, a, other, "x", "boss")
    assert await chain_of(a) == [None, None, None]
    assert await db.fetch_value("SELECT count(*) FROM audit_log") == 0
