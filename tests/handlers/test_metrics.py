import re
from datetime import timedelta

import pytest

from server import db, outbox
from server.outbox import Job
from server.services.common import audits
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, work
from tests.support.wire import say


def value(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    assert found, f"no line {line}"
    return float(found[1])


def requests(route: str, status: int, method: str = "GET") -> str:
    return f'tuisan_http_request_seconds_count{{method="{method}",route="{route}",status="{status}"}}'


async def test_requests_are_counted_by_route_and_status_but_not_by_path(mall: Mall) -> None:
    before = (await mall.http.get("/metrics")).text
    assert (await mall.http.get("/healthz")).status_code == 200
    for path in ("/nowhere/1", "/nowhere/2"):
        assert (await mall.http.get(path)).status_code == 404
    answer = await mall.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "nowhere" not in answer.text
    for line, more in ((requests("healthz", 200), 1), (requests("", 404), 2)):
        earlier = value(before, line) if line in before else 0
        assert value(answer.text, line) == earlier + more


async def test_the_outbox_tells_its_size_and_lag(mall: Mall) -> None:
    async def numbers() -> tuple[float, float]:
        text = (await mall.http.get("/metrics")).text
        return value(text, "tuisan_outbox_open"), value(text, "tuisan_outbox_lag_seconds")

    assert await numbers() == (0, 0)
    now = mall.clock.now()
    async with db.transaction() as tx:
        await outbox.put(tx, [Job("one", {}, now + timedelta(seconds=60))], now)
    assert await numbers() == (1, 0)
    mall.clock.advance(100)
    opened, lag_s = await numbers()
    assert opened == 1
    assert 40 <= lag_s < 50


async def test_the_audit_tells_what_it_found_and_when_it_last_found_nothing(mall: Mall) -> None:
    assert "tuisan_audit" not in (await mall.http.get("/metrics")).text
    shopper = await join(mall)
    order_no = await shopper.buy(await make_sku())
    await work(mall)

    async def found(cash_fen: int) -> str:
        await db.fetch("UPDATE orders SET cash_due_fen = cash_due_fen + $1 RETURNING id", cash_fen)
        await audits.run(mall.deps)
        return (await mall.http.get("/metrics")).text

    text = await found(1)
    assert value(text, "tuisan_audit_offenders") > 0, order_no
    assert "tuisan_audit_clean_timestamp_seconds" not in text
    text = await found(-1)
    assert value(text, "tuisan_audit_offenders") == 0
    clean = value(text, "tuisan_audit_clean_timestamp_seconds")
    assert abs(clean - mall.clock.now().timestamp()) < 60
    assert value(await found(1), "tuisan_audit_clean_timestamp_seconds") == clean


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/api/me"])
async def test_no_word_for_a_method_makes_a_label(mall: Mall, path: str) -> None:
    for method in (b"BREW", b"BREW-1", b"get", b"BR\xff"):
        assert (await say(mall.base_url, method, path))[0] < 500
    answer = await mall.http.get("/metrics")
    assert answer.status_code == 200
    labels = set(re.findall(r'method="([^"]*)"', answer.text))
    assert "other" in labels
    assert labels <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}


async def test_metrics_are_not_for_the_public(mall: Mall) -> None:
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"):
        answer = await mall.http.get("/metrics", headers={header: "127.0.0.1"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
        assert "tuisan" not in answer.text


async def test_with_a_token_only_the_token_reads_metrics(mall: Mall) -> None:
    mall.swap(metrics_token="q8Zr2LxVb5Nw7KtD")
    for headers in ({}, {"Authorization": "Bearer q8Zr2LxVb5Nw7KtE"}, {b"Authorization": b"Bearer \xff"}):
        assert (await mall.http.get("/metrics", headers=headers)).status_code == 403
    behind = {"Authorization": "Bearer q8Zr2LxVb5Nw7KtD", "X-Forwarded-For": "203.0.113.9"}
    assert (await mall.http.get("/metrics", headers=behind)).status_code == 200
