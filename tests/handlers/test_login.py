"""Login as a phone does it: codes, bindings, attribution, sessions."""

import asyncio
import logging

import pytest

from server import db
from server.models import Member
from server.services.members import sessions as member_sessions
from server.services.rebates import blocking
from server.services.referrals import bindings
from tests.support.mall import Mall
from tests.support.people import error_of, log_in, try_login

DAY_S = 86_400


async def test_the_first_login_makes_a_member(mall: Mall) -> None:
    code = (await mall.control("code", openid="o-first"))["code"]
    body = (await mall.http.post("/api/login", json={"code": code})).json()
    assert body["is_new"] is True
    assert body["binding"] == {"status": "none", "reason": None}
    assert set(body["member"]) == {
        "id", "nickname", "avatar_url", "birthday", "phone", "share_code", "bound", "created_at",
    }  # fmt: skip
    again = await log_in(mall, "o-first")
    assert (again.is_new, again.id, again.share_code) == (False, body["member"]["id"], body["member"]["share_code"])
    assert again.token != body["token"]
    home = await db.fetch_row("SELECT * FROM shares WHERE member_id = $1", again.id)
    assert home is not None
    assert (home["code"], home["kind"], home["target"], home["channel"]) == (again.share_code, "home", "", "friend")


async def test_a_code_serves_once(mall: Mall) -> None:
    code = (await mall.control("code", openid="o-once"))["code"]
    assert (await mall.http.post("/api/login", json={"code": code})).status_code == 200
    assert error_of(await mall.http.post("/api/login", json={"code": code})) == (400, "login_code_invalid")


async def test_whom_wechat_blocks(mall: Mall) -> None:
    code = (await mall.control("code", openid="o-bad"))["code"]
    await mall.control("knobs", user_blocked=1)
    assert error_of(await mall.http.post("/api/login", json={"code": code})) == (403, "account_blocked")


@pytest.mark.parametrize("fault", [{"rate_limited": 1}, {"mini_error": {"errcode": -1, "count": 1}}])
async def test_wechat_in_trouble(mall: Mall, fault: dict) -> None:
    code = (await mall.control("code", openid="o-trouble"))["code"]
    await mall.control("knobs", **fault)
    answer = await mall.http.post("/api/login", json={"code": code})
    assert error_of(answer) == (503, "wechat_unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert await Member.all().count() == 0


@pytest.mark.parametrize(
    "form",
    [
        {}, {"code": ""}, {"code": "两个字"}, {"code": "a", "x": 1}, {"code": "a", "visitor_id": "x" * 65},
        {"code": "a", "scene": []}, {"code": "a", "share_code": ""}, {"code": "a", "scene": "s" * 129},
    ],
)  # fmt: skip
async def test_bad_shapes(mall: Mall, form: dict) -> None:
    assert error_of(await mall.http.post("/api/login", json=form)) == (400, "bad_request")


async def test_a_login_binds_once(mall: Mall) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    carl = await log_in(mall, "o-carl", share_code=anna.share_code)
    assert (carl.is_new, carl.binding) == (True, {"status": "bound", "reason": None})
    assert (await carl.call("GET", "/me")).json()["bound"] is True
    again = await log_in(mall, "o-carl", share_code=bert.share_code)
    assert again.binding == {"status": "already_bound", "reason": None}
    row = await Member.get(id=carl.id)
    assert (row.referrer_id, row.ancestor2_id) == (anna.id, None)
    history = await db.fetch("SELECT * FROM bindings")
    assert [
        (one["member_id"], one["referrer_id"], one["share_code"], one["how"], one["valid_to"]) for one in history
    ] == [(carl.id, anna.id, anna.share_code, "login", None)]


async def test_a_returning_member_without_a_referrer_is_bound(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await log_in(mall, "o-carl")
    code = (await mall.control("code", openid="o-carl"))["code"]
    body = (await mall.http.post("/api/login", json={"code": code, "share_code": anna.share_code})).json()
    assert (body["is_new"], body["binding"]["status"], body["member"]["bound"]) == (False, "bound", True)


@pytest.mark.parametrize("scene", ["s={}", "s%3D{}"])
async def test_a_poster_binds(mall: Mall, scene: str) -> None:
    anna = await log_in(mall, "o-anna")
    carl = await log_in(mall, "o-carl", scene=scene.format(anna.share_code))
    assert carl.binding["status"] == "bound"


@pytest.mark.parametrize("scene", [1007, "1007"])
async def test_a_scene_number_binds_nobody(mall: Mall, scene: int | str) -> None:
    assert (await log_in(mall, "o-carl", scene=scene)).binding["status"] == "none"


async def test_a_refused_binding_lets_the_login_through(mall: Mall) -> None:
    unknown = await log_in(mall, "o-carl", share_code="NOSUCH22")
    assert unknown.binding == {"status": "refused", "reason": "share_unknown"}
    own = await log_in(mall, "o-carl", share_code=unknown.share_code)
    assert own.binding == {"status": "refused", "reason": "self"}
    odd = await log_in(mall, "o-carl", share_code="没有这个")
    assert odd.binding == {"status": "refused", "reason": "share_unknown"}


@pytest.mark.parametrize(("mode", "winner"), [("first_touch", "anna"), ("last_touch", "own")])
async def test_which_touch_counts(mall: Mall, mode: str, winner: str) -> None:
    async with db.transaction() as tx:
        terms = f'{{"attribution": "{mode}"}}'
        await tx.execute("INSERT INTO shop_policy VALUES (1, $1, $2)", terms, mall.clock.now())
    anna, bert, own = [await log_in(mall, f"o-{name}") for name in ("anna", "bert", "own")]
    for sharer in (anna, bert):
        touched = await mall.http.post(f"/api/shares/{sharer.share_code}/touch", json={"visitor_id": "v-1"})
        assert touched.status_code == 200
        mall.clock.advance(60)
    carl = await log_in(mall, "o-carl", visitor_id="v-1", share_code=own.share_code)
    assert (await Member.get(id=carl.id)).referrer_id == {"anna": anna.id, "own": own.id}[winner]
    dora = await log_in(mall, "o-dora", visitor_id="v-1")
    assert (await Member.get(id=dora.id)).referrer_id == (anna.id if mode == "first_touch" else bert.id)


async def test_an_old_touch_counts_no_more(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await mall.http.post(f"/api/shares/{anna.share_code}/touch", json={"visitor_id": "v-1"})
    mall.clock.advance(31 * DAY_S)
    assert (await log_in(mall, "o-carl", visitor_id="v-1")).binding["status"] == "none"


async def test_ones_own_touch_is_nobodys(mall: Mall) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    await mall.http.post(f"/api/shares/{anna.share_code}/touch", json={"visitor_id": "v-1"})
    assert (await log_in(mall, "o-anna", visitor_id="v-1")).binding["status"] == "none"
    mall.clock.advance(60)
    await mall.http.post(f"/api/shares/{bert.share_code}/touch", json={"visitor_id": "v-1"})
    assert (await log_in(mall, "o-anna", visitor_id="v-1")).binding["status"] == "bound"


async def test_a_token_lives_thirty_days_from_its_last_use(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    for _ in range(3):
        mall.clock.advance(20 * DAY_S)
        assert (await anna.call("GET", "/me")).status_code == 200
    mall.clock.advance(30 * DAY_S + 1)
    assert error_of(await anna.call("GET", "/me")) == (401, "not_logged_in")


async def test_dead_tokens_leave_the_members_list(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    mall.clock.advance(31 * DAY_S)
    await log_in(mall, "o-anna")
    assert await mall.deps.redis.zcard(f"sessions:{anna.id}") == 1


@pytest.mark.parametrize("token", ["nonsense", "令牌"])
async def test_no_such_token(mall: Mall, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()}
    assert error_of(await mall.http.get("/api/me", headers=headers)) == (401, "not_logged_in")


async def test_a_blocked_member_is_out_at_once(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    other = await log_in(mall, "o-anna")
    await blocking.block(mall.deps, anna.id, "刷单", "boss")
    for phone in (anna, other):
        assert error_of(await phone.call("GET", "/me")) == (401, "not_logged_in")
    await mall.deps.redis.delete(member_sessions._shut(anna.id))  # as a minute later
    assert error_of(await try_login(mall, "o-anna")) == (403, "account_blocked")
    await blocking.unblock(mall.deps, anna.id, "误判", "boss")
    assert (await log_in(mall, "o-anna")).id == anna.id


async def test_a_login_that_looked_before_the_block_gets_no_token(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await blocking.block(mall.deps, anna.id, "刷单", "boss")
    await Member.filter(id=anna.id).update(state="active")  # what the login read before the block
    assert error_of(await try_login(mall, "o-anna")) == (403, "account_blocked")


async def test_a_blocked_member_stays_out_for_longer_than_the_minute_of_the_mark(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await blocking.block(mall.deps, anna.id, "刷单", "boss")
    await member_sessions.reopen(mall.deps, anna.id)  # Redis forgets the mark of `shut` by its own clock
    assert error_of(await try_login(mall, "o-anna")) == (403, "account_blocked")


async def test_two_logins_at_once_make_one_member(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    phones = await asyncio.gather(*(log_in(mall, "o-twin", share_code=anna.share_code) for _ in range(6)))
    assert len({phone.id for phone in phones}) == 1
    assert sorted(phone.is_new for phone in phones) == [False] * 5 + [True]
    assert {phone.binding["status"] for phone in phones} <= {"bound", "already_bound"}
    assert await db.fetch_value("SELECT count(*) FROM shares WHERE member_id = $1", phones[0].id) == 1
    assert await db.fetch_value("SELECT count(*) FROM bindings") == 1


async def test_a_login_that_is_overtaken_by_another_binding(mall: Mall) -> None:
    anna, bert, carl = [await log_in(mall, f"o-{name}") for name in ("anna", "bert", "carl")]
    async with asyncio.TaskGroup() as tasks, db.transaction() as tx:
        assert await bindings.bind(tx, mall.deps, carl.id, anna.share_code, "late") == bindings.Binding("bound")
        # The server answers in its own tasks, outside this transaction.
        late = tasks.create_task(log_in(mall, "o-carl", share_code=bert.share_code))
        while not await tx.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
    assert late.result().binding == {"status": "already_bound", "reason": None}
    assert (await Member.get(id=carl.id)).referrer_id == anna.id


async def test_being_seen_is_written_once_a_day(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    first = (await Member.get(id=anna.id)).seen_at
    mall.clock.advance(DAY_S - 60)
    await log_in(mall, "o-anna")
    assert (await Member.get(id=anna.id)).seen_at == first
    mall.clock.advance(61)
    await log_in(mall, "o-anna")
    assert (await Member.get(id=anna.id)).seen_at > first


async def test_the_session_key_stays_in_the_house(mall: Mall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = (await mall.control("code", openid="o-anna"))["code"]
    answer = await mall.http.post("/api/login", json={"code": code})
    key = await member_sessions.session_key(mall.deps, answer.json()["member"]["id"])
    assert key
    assert key not in answer.text + caplog.text
    assert "o-anna" not in answer.text
    for name in await mall.deps.redis.keys("session*"):
        if await mall.deps.redis.type(name) == b"string":
            assert key.encode() not in await mall.deps.redis.get(name)
    assert 0 < await mall.deps.redis.ttl(f"session_key:{answer.json()['member']['id']}") <= 3 * DAY_S
