"""Running the shop from the panel: jobs, messages and settings, each with a record in the audit log."""

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import orjson
import pytest

from server import db, outbox
from server.outbox import Job
from server.rules.operators import Role
from server.services.terms import policy
from tests.handlers.admin.conftest import Desk, actions
from tests.support.mall import Mall
from tests.support.purse import set_policy

TEMPLATE = "8Yw8CfuPdTwPx1Wz6bPm_udbSULLY_-mRpDmLHOQFVM"


async def put(mall: Mall, name: str, due_in_s: float = 0) -> int:
    now = mall.clock.now()
    async with db.transaction() as tx:
        await outbox.put(tx, [Job(name, {"order_no": "T1"}, now + timedelta(seconds=due_in_s))], now)
        return int(await tx.fetchval("SELECT max(id) FROM outbox"))


async def detail_of(action: str) -> dict[str, Any]:
    text = await db.fetch_value("SELECT detail FROM audit_log WHERE action = $1 ORDER BY id DESC LIMIT 1", action)
    found: dict[str, Any] = orjson.loads(text)
    return found


async def test_jobs_are_listed_by_how_they_stand_and_run_now(mall: Mall, desks: Any) -> None:
    due, later, unknown, done = [await put(mall, name, s) for name, s in (("a", 0), ("b", 900), ("c", 900), ("d", 0))]
    await outbox.failed(later, "WeChatError: SYSTEM_ERROR", mall.clock.now())
    async with db.transaction() as tx:
        await tx.execute("UPDATE outbox SET attempts = 3, due_at = due_at + interval '1 h' WHERE id = $1", later)
        await tx.execute("UPDATE outbox SET last_error = 'unknown job' WHERE id = $1", unknown)
        await outbox.done(tx, done, mall.clock.now())
    desk: Desk = await desks(Role.OPERATIONS)
    for show, wanted in {
        "open": [unknown, later, due],
        "due": [due],
        "failing": [later],
        "unknown": [unknown],
        "done": [done],
    }.items():
        page = (await desk.get("/jobs", show=show)).text
        assert [int(n) for n in re.findall(r"<code>#(\d+)</code>", page)] == wanted, show
    assert "WeChatError: SYSTEM_ERROR" in (await desk.get("/jobs", q=f"#{later}")).text
    assert f"#{later}" in (await desk.get("/jobs", job="b")).text
    assert "“B;”不是其中一种" in (await desk.get("/jobs", job="B;")).text
    assert (await desk.post(f"/jobs/{later}/retry", reason="")).status_code == 400
    assert (await desk.post(f"/jobs/{later}/retry", reason="微信已恢复")).status_code == 303
    assert (await desk.post(f"/jobs/{done}/retry", reason="x")).status_code == 409
    assert (await desk.post("/jobs/999/retry", reason="x")).status_code == 404
    assert f"#{later}" in (await desk.get("/jobs", show="due")).text
    assert await detail_of("job.retry") == {"job": "b", "attempts": 3, "reason": "微信已恢复"}
    async with db.transaction() as tx:
        assert {one.id for one in await outbox.claim(tx, mall.clock.now(), 10)} == {due, later}


async def template(key: str = "paid") -> None:
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO notice_templates (key, template_id, title, page, fields)"
            " VALUES ($1, $2, '支付成功', 'pages/a', '{\"amount1\": \"amount\"}')",
            key,
            TEMPLATE,
        )


GOOD = {
    "template_id": TEMPLATE[::-1].lstrip("-_"),
    "title": "付款成功",
    "page": "packages/order/pages/detail/index",
    "fields": "character_string1=order_no\r\n amount2 = amount \r\n",
    "reason": "换模板",
}


async def test_a_message_is_set_anew(mall: Mall, desks: Any) -> None:
    await template()
    desk: Desk = await desks(Role.OPERATIONS)
    assert "支付成功" in (await desk.get("/notices")).text
    assert (await desk.post("/notices/paid", **GOOD)).status_code == 303
    page = (await desk.get("/notices")).text
    assert "已保存通知模板" in page
    assert "amount2=amount\ncharacter_string1=order_no" in page
    detail = await detail_of("notice.change")
    assert detail["reason"] == "换模板"
    assert detail["before"]["fields"] == {"amount1": "amount"}
    assert detail["after"]["fields"] == {"character_string1": "order_no", "amount2": "amount"}
    assert (await desk.post("/notices/shipped", **{**GOOD, "fields": "thing1=order_no"})).status_code == 404
    assert (await desk.post("/notices/odd", **GOOD)).status_code == 422
    auditor: Desk = await desks(Role.AUDITOR)
    page = (await auditor.get("/notices")).text
    assert GOOD["template_id"] in page
    assert '<form method="post" action="/admin/notices' not in page


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"template_id": "短"}, "模板 ID"),
        ({"title": ""}, "标题要填"),
        ({"title": "长" * 41}, "标题要填"),
        ({"page": "https://evil.example"}, "页面以"),
        ({"fields": ""}, "每行一项"),
        ({"fields": "nonsense"}, "每行一项"),
        ({"fields": "amount1=password"}, "没有“password”，可用：order_no、amount"),
        ({"fields": "amount1=amount\namount1=order_no"}, "写了两次"),
        ({"fields": "\n".join(f"thing{n}=amount" for n in range(6))}, "每行一项"),
        ({"reason": " "}, ""),
    ],
)
async def test_a_message_that_cannot_be_sent_is_refused(
    mall: Mall, desks: Any, wrong: dict[str, str], told: str
) -> None:
    await template()
    desk: Desk = await desks(Role.OPERATIONS)
    before = await actions()
    answer = await desk.post("/notices/paid", **{**GOOD, **wrong})
    assert (answer.status_code, told in answer.text) == (422, True)
    assert await actions() == before


async def test_a_message_is_told_all_its_mistakes_at_once(mall: Mall, desks: Any) -> None:
    await template()
    desk: Desk = await desks(Role.OPERATIONS)
    wrong = {"template_id": "短", "title": "", "page": "x", "fields": "amount1=password", "reason": ""}
    page = (await desk.post("/notices/paid", **wrong)).text
    assert re.findall('<li data-field="([^"]+)">', page) == ["template_id", "title", "page", "fields", "reason"]


async def typed(desk: Desk) -> dict[str, str]:
    """Return the settings form as the page shows it."""
    page = (await desk.get("/settings")).text.partition("<fieldset")[2]
    form = dict(re.findall(r'<input name="(\w+)" value="([^"]*)"', page))
    form |= dict(re.findall(r'<textarea name="(\w+)">(.*?)</textarea>', page, re.DOTALL))
    for name, menu in re.findall(r'<select name="(\w+)">(.*?)</select>', page, re.DOTALL):
        [chosen] = re.findall(r'value="(\w+)" selected', menu)
        form[name] = chosen
    [version] = re.findall(r'name="version" value="([^"]*)"', (await desk.get("/settings")).text)
    return {name: unescape(text) for name, text in form.items() if name != "reason"} | {"version": unescape(version)}


async def test_settings_are_changed_with_a_reason_and_take_effect(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    form = await typed(desk)
    assert form["freight_fen"] == "8.00"
    wanted = {**form, "freight_fen": "6.5", "withdrawal_fee_bp": "0.6", "attribution": "last_touch"}
    assert (await desk.post("/settings", **wanted)).status_code == 400
    assert (await desk.post("/settings", **wanted, reason="旺季活动")).status_code == 303
    assert "已保存：运费（元）、归属方式、手续费（%）" in (await desk.get("/settings")).text
    now = await policy.current()
    assert (now.freight_fen, now.withdrawal_fee_bp, now.attribution) == (650, 60, "last_touch")
    assert await detail_of("settings.change") == {
        "before": {"freight_fen": 800, "withdrawal_fee_bp": 0, "attribution": "first_touch"},
        "after": {"freight_fen": 650, "withdrawal_fee_bp": 60, "attribution": "last_touch"},
        "reason": "旺季活动",
    }
    before = await actions()
    assert (await desk.post("/settings", **wanted, reason="又一次")).status_code == 409
    assert (await desk.post("/settings", **await typed(desk), reason="没变")).status_code == 303
    assert "没有改动" in (await desk.get("/settings")).text
    assert await actions() == before


async def test_of_two_changes_at_once_one_is_told_to_look_again(mall: Mall, desks: Any) -> None:
    first: Desk = await desks(name="first")
    second: Desk = await desks(name="second")
    form = await typed(first)
    changes = ({**form, "reason": "x", "slogan": slogan} for slogan in ("甲", "乙"))
    answers = await asyncio.gather(
        *(desk.post("/settings", **change) for desk, change in zip((first, second), changes, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert "已被别人修改" in next(answer.text for answer in answers if answer.status_code == 409)
    assert (await actions()).count("settings.change") == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"freight_fen": "1.234"}, "“运费（元）”"),
        (
            {"order_minutes": "x", "name": ""},
            '<li data-field="name">“店铺名称”不符合要求</li><li data-field="order_minutes">',
        ),
        ({"nonsense": "1"}, "没有这个设置"),
        ({"reason": "x" * 201}, "请填写理由"),
    ],
)
async def test_settings_that_cannot_be_are_refused_whole(
    mall: Mall, desks: Any, wrong: dict[str, str], told: str
) -> None:
    await set_policy(mall, freight_fen=900)
    desk: Desk = await desks()
    before = await actions()
    answer = await desk.post("/settings", **{**await typed(desk), "reason": "x", **wrong})
    assert (answer.status_code, told in answer.text) == (400, True)
    assert (await policy.stored()).policy.freight_fen == 900
    assert await actions() == before
