"""Alarms: each has words, leads to what it is about, and those of one kind are done with together."""

import re
from pathlib import Path
from typing import Any

from server import db
from server.rules.labels import ALARMS
from server.rules.operators import Role
from server.services.common import alarms
from tests.handlers.admin.conftest import Desk, last_record
from tests.support.mall import Mall

SERVER = Path(__file__).parents[3] / "server"


def test_every_alarm_has_words() -> None:
    kinds = set[str]()
    for path in [*SERVER.rglob("*.py"), *SERVER.rglob("functions/*.sql")]:
        text = path.read_text(encoding="utf-8")
        kinds |= set(re.findall(r'alarms\.sound\w*\((?:[^"()]|\([^()]*\))*"([a-z_]+)"', text))
        kinds |= set(re.findall(r"INSERT INTO alarms \([^)]*\)\s*(?:VALUES \(|SELECT )'([a-z_]+)'", text))
    assert len(kinds) > 9
    assert kinds - ALARMS.keys() == set()


async def sound(mall: Mall, kind: str, *subjects: str) -> None:
    async with db.transaction() as tx:
        for subject in subjects:
            detail = {"problem": "请发货", "event": "trade_manage_remind_shipping"}
            await alarms.sound(tx, kind, subject, mall.clock.now(), detail)


async def test_what_wechat_reminds_of_has_words_and_a_link(mall: Mall, desks: Any) -> None:
    await sound(mall, "wechat_reminds", "order:T1", "wechat")
    desk: Desk = await desks(Role.OPERATIONS)
    page = (await desk.get("/alarms")).text
    assert "微信提醒处理" in page
    assert '<a href="/admin/orders/T1">订单 T1</a>' in page
    assert "问题：请发货" in page
    assert "微信事件：提醒发货" in page
    assert "wechat_reminds</b>" not in page
    assert '<option value="wechat_reminds"' in page
    assert "T1" in (await desk.get("/alarms", q="订单 T1")).text


async def test_alarms_of_a_kind_are_done_with_together(mall: Mall, desks: Any) -> None:
    await sound(mall, "wechat_reminds", *(f"order:T{n}" for n in range(3)))
    await sound(mall, "payment_twice", "order:T9")
    desk: Desk = await desks(Role.OPERATIONS)
    page = (await desk.get("/alarms")).text
    assert "全部标为已处理：微信提醒处理" in page
    assert "全部标为已处理：重复付款" not in page, "one alarm has its own button"
    newest = re.findall(r'name="kind" value="wechat_reminds"><input type="hidden" name="newest" value="(\d+)"', page)
    await sound(mall, "wechat_reminds", "order:T4")
    done = await desk.post("/alarms/seen", kind="wechat_reminds", newest=newest[0])
    assert done.status_code == 303
    assert (await last_record())["detail"] == {"kind": "wechat_reminds", "count": 3}
    page = (await desk.get("/alarms")).text
    assert "3 条已标记为已处理" in page
    left = await db.fetch("SELECT subject FROM alarms WHERE seen_at IS NULL ORDER BY id")
    assert [row["subject"] for row in left] == ["order:T9", "order:T4"], "what came later was seen by nobody"
    await desk.post("/alarms/seen", kind="wechat_reminds", newest=newest[0])
    assert "没有未处理的报警" in (await desk.get("/alarms")).text
    assert (await desk.post("/alarms/seen", kind="wechat_reminds")).status_code == 400
    auditor: Desk = await desks(Role.AUDITOR)
    assert (await auditor.post("/alarms/seen", kind="wechat_reminds", newest="1")).status_code == 403
    assert "全部标为已处理" not in (await auditor.get("/alarms")).text
