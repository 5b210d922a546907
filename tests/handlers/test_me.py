"""The member's own data, the phone number, and the members below."""

import orjson
import pytest

from server import db
from server.core.columns import PHONE_COLUMN
from server.core.errors import NotFound, StateConflict
from server.jobs.members import end_sessions
from server.models import Member, Qualification
from server.services.members import profiles
from server.services.rebates import blocking
from server.services.referrals import bindings
from tests.support.mall import Mall
from tests.support.people import Person, error_of, log_in, make_members


async def test_changing_the_profile(mall: Mall) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    changed = await anna.call("PATCH", "/me", json={"nickname": "小明", "birthday": "1995-03-08"})
    assert changed.status_code == 200
    shown = (await anna.call("GET", "/me")).json()
    assert shown == changed.json()
    assert (shown["nickname"], shown["birthday"], shown["avatar_url"]) == ("小明", "1995-03-08", "")
    await anna.call("PATCH", "/me", json={"avatar_url": "https://img.test/a.png", "birthday": None})
    shown = (await anna.call("GET", "/me")).json()
    assert (shown["nickname"], shown["birthday"], shown["avatar_url"]) == ("小明", None, "https://img.test/a.png")
    assert (await anna.call("PATCH", "/me", json={})).json() == shown
    assert (await bert.call("GET", "/me")).json()["nickname"] == ""


async def test_put_changes_as_patch_does(mall: Mall) -> None:
    """`wx.request` cannot send PATCH."""
    anna = await log_in(mall, "o-anna")
    await anna.call("PATCH", "/me", json={"nickname": "小明", "birthday": "1995-03-08"})
    changed = await anna.call("PUT", "/me", json={"nickname": "小亮"})
    assert changed.status_code == 200
    assert changed.json() == (await anna.call("GET", "/me")).json()
    assert (changed.json()["nickname"], changed.json()["birthday"]) == ("小亮", "1995-03-08")
    assert error_of(await anna.call("PUT", "/me", json={"nickname": " "})) == (400, "bad_request")


@pytest.mark.parametrize(
    "form",
    [
        {"nickname": ""}, {"nickname": "  "}, {"nickname": "x" * 21}, {"nickname": "a\nb"}, {"nickname": "a\0b"},
        {"nickname": None},
        {"avatar_url": "javascript:alert(1)"}, {"avatar_url": "https://x/" + "a" * 400}, {"birthday": "2999-01-01"},
        {"birthday": "1899-12-31"}, {"birthday": "08.03.1995"}, {"share_code": "MINE"}, {"state": "active"}, [],
    ],
)  # fmt: skip
async def test_what_a_profile_cannot_be(mall: Mall, form: object) -> None:
    anna = await log_in(mall, "o-anna")
    before = (await anna.call("GET", "/me")).json()
    assert error_of(await anna.call("PATCH", "/me", json=form)) == (400, "bad_request")
    assert (await anna.call("GET", "/me")).json() == before


async def test_the_phone_number_is_sealed_and_shown_masked(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    code = (await mall.control("phone", openid="o-anna", phone="13812341234"))["code"]
    answer = await anna.call("POST", "/me/phone", json={"code": code})
    assert answer.json() == {"phone": "138****1234"}
    assert (await anna.call("GET", "/me")).json()["phone"] == "138****1234"
    assert (await log_in(mall, "o-anna")).id == anna.id
    row = await db.fetch_row("SELECT * FROM members WHERE id = $1", anna.id)
    assert row is not None
    assert "13812341234" not in str(tuple(row))
    assert row["phone_blind"] == mall.deps.cipher.blind("13812341234", PHONE_COLUMN)
    assert mall.deps.cipher.open(row["phone_sealed"], PHONE_COLUMN) == "13812341234"
    assert error_of(await anna.call("POST", "/me/phone", json={"code": code})) == (400, "login_code_invalid")


async def test_the_phone_number_needs_wechat(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    code = (await mall.control("phone", openid="o-anna", phone="13812341234"))["code"]
    for knob in ({"rate_limited": {"count": 1, "op": "phone"}}, {"mini_error": {"errcode": -1, "op": "phone"}}):
        await mall.control("knobs", **knob)
        assert error_of(await anna.call("POST", "/me/phone", json={"code": code})) == (503, "wechat_unavailable")
    assert (await Member.get(id=anna.id)).phone_sealed is None


async def family(mall: Mall) -> tuple[Person, list[int], int, int]:
    """Return Anna, three whom she referred, one whom they referred, and one below that."""
    anna = await log_in(mall, "o-anna")
    *own, child, grandchild = await make_members(mall, 5)
    for one in own:
        await bindings.bind_late(mall.deps, one, anna.share_code)
    await bindings.bind_late(mall.deps, child, f"S{own[0]}")
    await bindings.bind_late(mall.deps, grandchild, f"S{child}")
    return anna, own, child, grandchild


async def below(person: Person, **query: object) -> dict:
    answer = await person.call("GET", "/me/downline", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_referees_alone(mall: Mall) -> None:
    anna, own, child, _ = await family(mall)
    for order, (member_id, state) in enumerate([(own[0], "counted"), (own[1], "void"), (child, "held")]):
        await Member.filter(id=member_id).update(first_paid_at=mall.clock.now(), nickname="王小二")
        await Qualification.create(
            referee_id=member_id, referrer_id=anna.id, order_id=order, rule_version=1, state=state,
            paid_at=mall.clock.now(), created_at=mall.clock.now(),
        )  # fmt: skip
    first = await below(anna, level=1)
    assert [(one["nickname"], one["first_order"]) for one in first["items"]] == [
        ("微信用户", "none"), ("王**", "void"), ("王**", "counted"),
    ]  # fmt: skip
    assert set(first["items"][0]) == {"nickname", "avatar_url", "first_order", "joined_at"}
    assert await below(anna) == first


@pytest.mark.parametrize("level", [2, 3, 4])
async def test_nobody_sees_whom_their_referees_referred(mall: Mall, level: int) -> None:
    anna, *_ = await family(mall)
    assert error_of(await anna.call("GET", "/me/downline", params={"level": level})) == (403, "not_allowed")


async def test_a_void_qualification_yields_to_a_live_one(mall: Mall) -> None:
    anna, own, *_ = await family(mall)
    for order, state in enumerate(["pending", "void"]):
        await Qualification.create(
            referee_id=own[2], referrer_id=anna.id, order_id=order, rule_version=1, state=state,
            paid_at=mall.clock.now(), created_at=mall.clock.now(),
        )  # fmt: skip
    assert (await below(anna))["items"][0]["first_order"] == "pending"


async def test_the_pages_of_the_referees(mall: Mall) -> None:
    anna, *_ = await family(mall)
    first = await below(anna, limit=2)
    second = await below(anna, limit=2, cursor=first["next_cursor"])
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)
    joined = [one["joined_at"] for one in first["items"] + second["items"]]
    assert joined == sorted(joined, reverse=True)


@pytest.mark.parametrize("query", [{"level": 0}, {"level": "x"}, {"limit": 101}, {"cursor": "x"}, {"cursor": "bnVsbA"}])
async def test_no_such_page(mall: Mall, query: dict) -> None:
    anna = await log_in(mall, "o-anna")
    assert error_of(await anna.call("GET", "/me/downline", params=query)) == (400, "bad_request")


async def test_nobody_sees_anothers_downline(mall: Mall) -> None:
    await family(mall)
    stranger = await log_in(mall, "o-stranger")
    assert await below(stranger) == {"items": [], "next_cursor": None}
    for method, path in (("GET", "/me"), ("PATCH", "/me"), ("POST", "/me/phone"), ("GET", "/me/downline")):
        answer = await mall.http.request(method, f"/api{path}")
        assert error_of(answer) == (401, "not_logged_in")


async def test_blocking_is_a_step_that_can_be_taken_once(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await blocking.block(mall.deps, anna.id, "刷单", "boss")
    with pytest.raises(StateConflict):
        await blocking.block(mall.deps, anna.id, "刷单", "boss")
    await blocking.unblock(mall.deps, anna.id, "误判", "boss")
    with pytest.raises(StateConflict):
        await blocking.unblock(mall.deps, anna.id, "误判", "boss")
    with pytest.raises(NotFound):
        await profiles.profile(mall.deps, 999_999)
    with pytest.raises(NotFound):
        await blocking.block(mall.deps, 999_999, "刷单", "boss")
    jobs = await db.fetch("SELECT job, args FROM outbox ORDER BY id")
    assert [job["job"] for job in jobs] == ["end_sessions", "close_cycle"]
    records = await db.fetch("SELECT actor, action, subject, detail FROM audit_log ORDER BY id")
    assert [(row["actor"], row["action"], row["subject"]) for row in records] == [
        ("boss", "member.state", f"member:{anna.id}")
    ] * 2
    assert orjson.loads(records[1]["detail"]) == {"before": "blocked", "after": "active", "reason": "误判"}


async def test_what_counted_for_a_blocked_member_waits(mall: Mall) -> None:
    anna, own, *_ = await family(mall)
    for order, state in enumerate(["counted", "void", "held"]):
        await Qualification.create(
            referee_id=own[order], referrer_id=anna.id, order_id=order, rule_version=1, state=state,
            held_for="review" if state == "held" else None, paid_at=mall.clock.now(), created_at=mall.clock.now(),
        )  # fmt: skip
    await blocking.block(mall.deps, anna.id, "刷单", "boss")
    assert await states() == [("held", "referrer_blocked"), ("void", None), ("held", "review")]
    await blocking.unblock(mall.deps, anna.id, "误判", "boss")
    assert await states() == [("counted", None), ("void", None), ("held", "review")]


async def states() -> list[tuple[str, str | None]]:
    return [(row.state, row.held_for) for row in await Qualification.all().order_by("order_id")]


async def test_the_job_ends_sessions_that_a_crash_left(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await end_sessions(mall.deps, {"member_id": anna.id})
    assert (await anna.call("GET", "/me")).status_code == 200
    await Member.filter(id=anna.id).update(state="blocked")
    await end_sessions(mall.deps, {"member_id": anna.id})
    assert (await anna.call("GET", "/me")).status_code == 401
