"""Where a member is logged in: the list, ending one, logging out, and the most sessions there are."""

from datetime import datetime, timedelta
from typing import Any

from tests.support.mall import Mall
from tests.support.people import Person, error_of, log_in

DAY_S = 86_400


async def items(phone: Person) -> list[dict[str, Any]]:
    answer = await phone.call("GET", "/me/sessions")
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def test_logging_out_ends_this_session_alone(mall: Mall) -> None:
    anna, other = await log_in(mall, "o-anna"), await log_in(mall, "o-anna")
    answer = await anna.call("POST", "/logout")
    assert (answer.status_code, answer.json()) == (200, {})
    assert error_of(await anna.call("GET", "/me")) == (401, "not_logged_in")
    assert error_of(await anna.call("POST", "/logout")) == (401, "not_logged_in")
    assert [one["current"] for one in await items(other)] == [True]


async def test_the_list_says_when_each_began_and_was_used(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    began = mall.clock.now()
    mall.clock.advance(2 * DAY_S)
    other = await log_in(mall, "o-anna")
    newest, oldest = await items(anna)
    assert (newest["current"], oldest["current"]) == (False, True)
    assert abs((datetime.fromisoformat(oldest["created_at"]) - began).total_seconds()) < 60
    assert datetime.fromisoformat(oldest["used_at"]) - datetime.fromisoformat(oldest["created_at"]) >= timedelta(days=2)
    assert newest["used_at"] == newest["created_at"]
    assert {one["id"] for one in await items(other)} == {newest["id"], oldest["id"]}
    assert not any(newest["id"] in token for token in (anna.token, other.token))
    mall.clock.advance(31 * DAY_S)
    assert len(await items(await log_in(mall, "o-anna"))) == 1


async def test_ending_another_session(mall: Mall) -> None:
    anna, other, bert = [await log_in(mall, f"o-{name}") for name in ("anna", "anna", "bert")]
    [lost] = [one["id"] for one in await items(other) if not one["current"]]
    assert error_of(await bert.call("DELETE", f"/me/sessions/{lost}")) == (404, "not_found")
    assert (await other.call("DELETE", f"/me/sessions/{lost}")).status_code == 200
    assert error_of(await anna.call("GET", "/me")) == (401, "not_logged_in")
    assert error_of(await other.call("DELETE", f"/me/sessions/{lost}")) == (404, "not_found")
    assert error_of(await other.call("DELETE", "/me/sessions/nonsense")) == (404, "not_found")
    assert len(await items(other)) == 1


async def test_only_the_five_newest_live(mall: Mall) -> None:
    phones = [await log_in(mall, "o-anna") for _ in range(7)]
    alive = [(await phone.call("GET", "/me")).status_code == 200 for phone in phones]
    assert alive == [False, False, True, True, True, True, True]
    assert len(await items(phones[-1])) == 5
    assert await mall.deps.redis.zcard(f"sessions:{phones[0].id}") == 5
    assert len(await mall.deps.redis.keys("session:*")) == 5
    bert = await log_in(mall, "o-bert")
    assert len(await items(bert)) == 1


async def test_a_session_in_use_outlives_newer_ones_that_are_not(mall: Mall) -> None:
    first = await log_in(mall, "o-anna")
    mall.clock.advance(60)
    second = await log_in(mall, "o-anna")
    mall.clock.advance(2 * DAY_S)
    assert (await first.call("GET", "/me")).status_code == 200
    for _ in range(4):
        await log_in(mall, "o-anna")
    assert (await first.call("GET", "/me")).status_code == 200
    assert error_of(await second.call("GET", "/me")) == (401, "not_logged_in")
