"""Links that open WeChat."""

from typing import Any

import pytest

from server.services.referrals import open_links
from tests.support.mall import Mall
from tests.support.people import error_of

PAGE = {"path": "/pages/product/index", "query": "id=12&s=K7Q2M9XA"}


async def ask(mall: Mall, **form: Any) -> Any:
    return await mall.http.post("/api/open-links", json=form)


async def test_a_page_gets_one_link_for_a_month(mall: Mall) -> None:
    first = (await ask(mall, **PAGE)).json()
    assert first["url"].startswith("https://wxaurl.cn/")
    assert first["code_image_url"].startswith("data:image/svg+xml")
    assert (await ask(mall, **PAGE)).json() == first
    assert (await ask(mall, path="/packages/referral/pages/rules/index")).json()["url"] != first["url"]
    keys = [key async for key in mall.deps.redis.scan_iter("open-link:*")]
    assert len(keys) == 2
    assert 28 * 86_400 < await mall.deps.redis.ttl(keys[0]) <= 29 * 86_400


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"path": "https://evil.test/"},
        {"path": "/pages/../index"},
        {"path": "/pages/product/index?x=1"},
        {"path": "pages/product/index"},
        {"path": "/pages/product/index", "query": "a b"},
        {"path": "/pages/product/index", "query": "x" * 257},
        {"path": "/pages/product/index", "other": 1},
    ],
)
async def test_only_pages_of_ours(mall: Mall, form: dict[str, Any]) -> None:
    assert error_of(await ask(mall, **form)) == (400, "bad_request")


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [(40165, (400, "bad_request")), (44993, (503, "wechat_unavailable")), (-1, (503, "wechat_unavailable"))],
)
async def test_what_wechat_refuses(mall: Mall, errcode: int, refusal: tuple[int, str]) -> None:
    await mall.control("knobs", mini_error={"errcode": errcode, "op": "link", "count": 1})
    assert error_of(await ask(mall, **PAGE)) == refusal
    assert (await ask(mall, **PAGE)).status_code == 200


async def test_wechats_quota_is_not_for_strangers_to_spend(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_links, "_PER_DAY", 2)
    pages = [{"path": "/pages/product/index", "query": f"id={number}"} for number in range(3)]
    answers = [await ask(mall, **page) for page in pages]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (await ask(mall, **pages[0])).status_code == 200
    answers = [await ask(mall, **pages[0]) for _ in range(64)]
    assert error_of(answers[-1]) == (429, "too_many_requests")
