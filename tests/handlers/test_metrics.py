import re
from datetime import timedelta

from server import db, outbox
from server.outbox import Job
from tests.support.mall import Mall


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
