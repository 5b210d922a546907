"""Freight templates in the panel: created, changed, chosen for goods, refused by field, recorded in the audit log."""

import re
from typing import Any

import orjson
import pytest

from server import db
from server.rules.operators import Role
from tests.handlers.admin.conftest import Desk, actions, last_record, send
from tests.support.mall import Mall
from tests.support.shop import product, stock

NEW = {
    "slug": "cold",
    "name": "冷链",
    "by": "weight",
    "elsewhere.first": "1000",
    "elsewhere.first_fen": "12",
    "elsewhere.next": "500",
    "elsewhere.next_fen": "4.50",
    "elsewhere.free_from_fen": "199",
    "zones[0].provinces": "新疆、西藏",
    "zones[0].first": "1000",
    "zones[0].first_fen": "30",
    "zones[0].next": "1000",
    "zones[0].next_fen": "0",
    "zones[0].free_from_fen": "",
    "zones[1].provinces": " ",
    "zones[1].first": "5",
    "excluded": "台湾 香港,澳门",
}
ELSEWHERE = {"first": 1000, "first_fen": 1200, "next": 500, "next_fen": 450, "free_from_fen": 19_900}
FAR = {"first": 1000, "first_fen": 3000, "next": 1000, "next_fen": 0, "free_from_fen": None}
TERMS = {
    "by": "weight",
    "elsewhere": ELSEWHERE,
    "zones": [{**FAR, "provinces": ["新疆", "西藏"]}],
    "excluded": ["台湾", "香港", "澳门"],
}


def fields_of(page: str) -> dict[str, str]:
    """Return the form as a browser sends it back."""
    form = page[page.index("<form method") :]
    found = dict(re.findall(r'<input name="([^"]+)"[^>]*?value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
    found["by"] = re.findall(r'<option value="([^"]+)" selected', form)[0]
    return found


async def terms() -> Any:
    return orjson.loads(await db.fetch_value("SELECT terms FROM freight_templates"))


async def test_a_template_is_made_changed_and_chosen(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    assert "还没有运费模板" in (await desk.get("/freight")).text
    assert (await send(desk, "/freight/new", NEW)).status_code == 303
    assert await terms() == TERMS
    assert (await send(desk, "/freight/new", NEW)).status_code == 422
    listed = (await desk.get("/freight")).text
    assert "新疆、西藏：首 1000 克 30.00 元；其他地区：首 1000 克 12.00 元" in listed
    assert "不发货：台湾、香港、澳门" in listed
    number = await db.fetch_value("SELECT id FROM freight_templates")
    form = fields_of((await desk.get(f"/freight/{number}")).text)
    assert (await send(desk, f"/freight/{number}", form)).status_code == 422  # no reason
    assert (await send(desk, f"/freight/{number}", form | {"reason": "原样"})).status_code == 303
    assert await terms() == TERMS
    change = form | {"reason": "偏远另算", "zones[0].provinces": "", "excluded": "", "name": "冷链运输"}
    assert (await send(desk, f"/freight/{number}", change)).status_code == 303
    record = await last_record()
    assert (record["action"], record["subject"]) == ("product.apply", "freight:cold")
    assert record["detail"] == {
        "before": {"freight": {"cold": {"name": "冷链", "terms": TERMS}}},
        "after": {"freight": {"cold": {"name": "冷链运输", "terms": {**TERMS, "zones": [], "excluded": []}}}},
        "reason": "偏远另算",
    }
    await stock(mall, product("ice", "冰淇淋", freight="cold"))
    shown = (await desk.get(f"/products/{await db.fetch_value('SELECT id FROM products')}")).text
    assert '<option value="cold" selected>冷链运输</option>' in shown
    assert '<td data-label="商品数" class="n">1</td>' in (await desk.get("/freight")).text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "Cold"}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "长" * 41}, "name"),
        ({"by": ""}, "by"),
        ({"by": "volume"}, "by"),
        ({"elsewhere.first": ""}, "elsewhere.first"),
        ({"elsewhere.first": "0"}, "elsewhere.first"),
        ({"elsewhere.first": "一"}, "elsewhere.first"),
        ({"elsewhere.first_fen": "-1"}, "elsewhere.first_fen"),
        ({"elsewhere.next_fen": "1000.01"}, "elsewhere.next_fen"),
        ({"elsewhere.free_from_fen": "贵"}, "elsewhere.free_from_fen"),
        ({"zones[0].next": ""}, "zones[0].next"),
        ({"zones[0].provinces": "浙江省"}, "zones[0].provinces"),
        ({"excluded": "西藏"}, "terms"),
        ({"reason": "长" * 201}, "reason"),
    ],
)
async def test_what_is_wrong_is_told_by_field(mall: Mall, desks: Any, change: dict[str, str], field: str) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    before = await actions()
    refused = await send(desk, "/freight/new", NEW | change)
    assert refused.status_code == 422
    assert f'data-field="{field}"' in refused.text
    assert await actions() == before


async def test_there_is_no_other_template(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    assert (await desk.get("/freight/9")).status_code == 404
    assert (await send(desk, "/freight/9", NEW)).status_code == 404
