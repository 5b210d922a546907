"""What the panel says when it cannot do what was asked: always a page, always in Chinese, at the field it is about."""

import re
from typing import Any

import msgspec
import pytest

from server.handlers.admin import shapes
from server.handlers.rooms import ADMIN
from server.rules.operators import Role
from server.services.desk import dashboard
from tests.handlers.admin.conftest import Desk
from tests.support.mall import Mall
from tests.support.shop import shopper


def problems(page: str) -> dict[str, str]:
    return dict(re.findall(r'<li data-field="([^"]*)">(.*?)</li>', page))


async def test_an_address_that_leads_nowhere_is_a_page(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    for path in ("/nowhere", "/orders/x/y/z", "/logout"):
        answer = await desk.get(path)
        assert answer.status_code in (404, 405), path
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "主导航" in answer.text, "the menu leads on"
        assert not re.search("Requested URL|not found|Method", answer.text), path
    assert "没有找到" in (await desk.get("/nowhere")).text
    assert (await desk.http.get("/api/nowhere")).headers["content-type"].startswith("application/json")
    stranger: Desk = await desks(Role.SERVICE, log_in=False)
    assert "主导航" not in (await stranger.get("/nowhere")).text


async def test_a_failure_of_the_server_is_a_page(desks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk: Desk = await desks()

    async def broken(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(dashboard, "current", broken)
    answer = await desk.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "系统出错了，我们已记录" in answer.text
    assert "secret" not in answer.text


async def test_mistakes_are_told_in_chinese_and_all_at_once(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    desk: Desk = await desks()
    refused = await desk.post(f"/members/{me.id}/points", points="viele", key="?")
    assert refused.status_code == 400
    assert problems(refused.text) == {
        "reason": "理由：请填写",
        "points": "积分：请填写整数",
        "key": "表单编号：格式不对",
    }
    assert "请修改后再提交" in refused.text
    assert "请求格式不正确" not in refused.text
    role = await desk.post("/operators", name="x" * 41, role="king")
    assert problems(role.text) == {"name": "账号名：最多 40 个字", "role": "角色：不能取值 &#39;king&#39;"}
    for path, query in (
        ("/orders", {"cursor": "nonsense"}),
        ("/ledger/accounts/1", {"cursor": "x"}),
        ("/rules/compare", {"old": "x"}),
        ("/orders", {"status": "odd"}),
        ("/orders", {"q": "a\0b"}),
    ):
        page = (await desk.get(path, **query)).text
        said = re.sub("<[^>]+>|cursor|odd|bad_request|not_found|T26", "", page.partition("<main")[2].partition(">")[2])
        assert re.findall("[a-zA-Z]{4,}", said) == [], (path, said)
        assert "从菜单重新打开" in page


async def test_a_name_in_the_search_is_told_what_can_be_searched(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    page = await desk.get("/orders", q="张三", status="paid")
    assert page.status_code == 200
    assert "“张三”不是其中一种" in page.text
    assert "订单号" in page.text
    assert 'value="张三"' in page.text
    assert "还没有订单" not in page.text


async def test_an_empty_list_says_whether_a_filter_hides_something(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    assert "还没有订单" in (await desk.get("/orders", status="paid")).text, "there is none at all"
    me = await shopper(mall)
    assert me.id
    page = (await desk.get("/members", state="blocked")).text
    assert "没有符合条件的会员" in page
    assert '<a href="/admin/members">查看全部</a>' in page
    assert "还没有会员" not in page


def test_every_field_of_a_form_has_a_name() -> None:
    """`takes` is what `Screens.page` and `Screens.action` were told."""
    fields = {
        field.encode_name
        for blueprint in ADMIN
        for route in blueprint._future_routes
        for kind in _structs(route.handler)
        for field in msgspec.structs.fields(kind)
    }
    assert len(fields) > 20
    assert fields - shapes.LABELS.keys() == set()


def _structs(handler: Any, depth: int = 3) -> list[type[msgspec.Struct]]:
    """Return the structs that a handler and the functions inside it hold."""
    cells = [cell.cell_contents for cell in handler.__closure__ or ()]
    found = [one for one in cells if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    for one in cells:
        if depth and getattr(one, "__closure__", None):
            found += _structs(one, depth - 1)
    return found
