from types import SimpleNamespace
from typing import Any

import pytest
import redis.asyncio as aioredis

from server.handlers.ops.insiders import is_insider
from tests.support.mall import Mall, pool_of_owner


async def test_a_running_mall_is_alive_and_ready(mall: Mall) -> None:
    assert (await mall.http.get("/healthz")).json() == {"ok": True}
    ready = await mall.http.get("/readyz")
    assert ready.status_code == 200
    checks = {"database": True, "migrations": True, "role": True, "redis": True}
    assert ready.json() == {"ok": True, "checks": checks}


async def test_a_mall_whose_role_could_change_the_books_is_not_ready(mall: Mall) -> None:
    async with pool_of_owner(mall):
        ready = await mall.http.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["role"]) == (503, False)


async def test_an_outsider_learns_only_whether_the_mall_is_ready(mall: Mall) -> None:
    ready = await mall.http.get("/readyz", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (ready.status_code, ready.json()) == (200, {"ok": True})
    mall.swap(redis=aioredis.Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1))
    ready = await mall.http.get("/readyz", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (ready.status_code, ready.json()) == (503, {"ok": False})
    assert (await mall.http.get("/readyz")).json()["checks"]["redis"] is False


@pytest.mark.parametrize(
    ("peer", "inside"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:203.0.113.9", False),
        ("10.0.0.1", False),
        ("203.0.113.9", False),
        ("", False),
    ],
)
def test_without_a_token_only_the_machine_itself_is_inside(peer: str, inside: bool) -> None:
    deps = SimpleNamespace(metrics_token="")
    asked: Any = SimpleNamespace(
        conn_info=SimpleNamespace(client_ip=peer), headers={}, app=SimpleNamespace(ctx=SimpleNamespace(deps=deps))
    )
    assert is_insider(asked) is inside


async def test_an_unknown_path_is_a_refusal_like_any_other(mall: Mall) -> None:
    answer = await mall.http.get("/api/nothing-here")
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert (error["code"], error["message"], error["detail"]) == ("not_found", "没有找到", {})
    assert error["request_id"]
