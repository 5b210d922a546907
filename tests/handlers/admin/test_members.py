"""Members in the panel: found, masked, shown in full for a reason, blocked, and bound to another referrer."""

from typing import Any

import orjson
import pytest

from server import db
from server.core.clock import SHANGHAI
from server.models import Member
from server.rules.operators import Role
from server.services.common import audit_log
from tests.handlers.admin.conftest import Desk, actions
from tests.support.circle import circle
from tests.support.late import opened
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, make_sku, publish, work

PHONE = "13812345678"


@pytest.fixture(autouse=True)
async def rule(mall: Mall) -> int:
    """Publish a rule, because referrals need one."""
    return await publish(mall)


async def known(mall: Mall, referrer: Shopper | None = None, nickname: str = "小明同学") -> Shopper:
    """Return a member with a name, a phone number and an address."""
    me = await join(mall, referrer)
    await me.do("PATCH", "/me", {"nickname": nickname})
    await me.post("/me/phone", {"code": (await mall.control("phone", openid=me.openid, phone=PHONE))["code"]})
    await me.address()
    return me


async def last_record() -> dict[str, Any]:
    row = await db.fetch_row("SELECT actor, action, subject, detail FROM audit_log ORDER BY id DESC LIMIT 1")
    assert row is not None
    return {**row, "detail": orjson.loads(row["detail"])}


async def test_a_member_is_found_by_what_one_has_at_hand(mall: Mall, desks: Any) -> None:
    me = await known(mall)
    other = await known(mall, me, nickname="小红")
    desk: Desk = await desks()
    codes = {one.id: str((await one.get("/me"))["share_code"]) for one in (me, other)}

    await Member.filter(id=other.id).update(phone_blind=None, phone_sealed=None, state="blocked")

    async def found(**query: str) -> list[int]:
        page = await desk.get("/members", **query)
        assert page.status_code == 200, query
        return [one for one, code in codes.items() if f"<code>{code}</code>" in page.text]

    for text in (PHONE, f"#{me.id}", str(me.id), codes[me.id], codes[me.id].lower(), me.openid, "小明"):
        assert await found(q=text) == [me.id], text
    assert await found(q="小") == [me.id, other.id]
    for text in ("13812345679", "#999999", "明", "小明%", "X" * 12):
        assert await found(q=text) == [], text
    assert await found(state="blocked") == [other.id]
    assert await found(bound="no") == [me.id]
    assert await found(bound="yes") == [other.id]
    assert await found(since="2099-01-01") == []
    assert await found(until="2020-01-01") == []
    page = (await desk.get("/members")).text
    assert "小**" in page
    assert "138****5678" in page
    assert PHONE not in page
    assert "小明同学" not in page
    for query in ({"state": "odd"}, {"bound": "maybe"}, {"since": "x"}):
        assert (await desk.get("/members", **query)).status_code == 400, query
    assert "不是其中一种" in (await desk.get("/members", q="x" * 61)).text


async def test_everything_about_a_member_stands_on_one_page(mall: Mall, desks: Any) -> None:
    top = await join(mall)
    ring = await circle(mall)
    friends = await ring.bring(3)
    await ring.me.address()
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET referrer_id = $2 WHERE id = $1", ring.me.id, top.id)
    desk: Desk = await desks()
    page = (await desk.get(f"/members/{ring.me.id}")).text
    for text in (ring.own, f"#{top.id} 微信用户", "¥100.00", "3 人", "收** 138****8000", "西湖区 ***", "冻结中"):
        assert text in page, text
    assert "文三路一号" not in page
    assert ring.me.openid not in page
    assert (await desk.get(f"/members/{friends[0].person.id}")).status_code == 200
    assert (await desk.get("/members/999999")).status_code == 404
    assert (await desk.get("/members/999999/chain")).status_code == 404
    operations: Desk = await desks(Role.OPERATIONS)
    page = (await operations.get(f"/members/{ring.me.id}")).text
    assert "查看完整信息" not in page
    assert "更正绑定" not in page
    assert "<h2>提现</h2>" not in page
    assert "账本" not in page


async def test_bindings_that_wait_are_shown_where_they_are_corrected(mall: Mall, desks: Any) -> None:
    me, friend, sku = await join(mall), await join(mall), await make_sku()
    first, second = await opened(friend, sku), await opened(friend, sku)
    await friend.post("/me/binding", {"share_code": await me.share_code()})
    desk: Desk = await desks()

    async def shown() -> list[str]:
        pages = [(await desk.get(f"/members/{friend.id}{place}")).text for place in ("", "/binding")]
        return [page.partition("等待决定的绑定")[2].partition("</section>")[0] for page in pages]

    for text in await shown():
        asked_at = (await db.fetch_value("SELECT asked_at FROM pending_bindings")).astimezone(SHANGHAI)
        orders = [f'href="/admin/orders/{order_no}">订单 {order_no}<' for order_no in (first, second)]
        for part in (
            f'href="/admin/members/{me.id}"',
            "补绑",
            f"{asked_at:%Y-%m-%d %H:%M:%S}",
            *orders,
            "付款完成或关闭",
        ):
            assert part in text, part
    assert "更正之后，上面这些绑定不再成立" in (await shown())[1]
    listed = (await desk.get("/members", bound="waiting")).text
    assert (f"/admin/members/{friend.id}" in listed, f"/admin/members/{me.id}" in listed) == (True, False)

    for order_no in (first, second):
        await friend.post(f"/orders/{order_no}/cancel")
    assert all("付款已有结果" in text for text in await shown())
    await work(mall)
    assert await shown() == ["", ""]


async def test_a_chain_is_told_three_levels_up_and_down(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = [await join(mall)]
    for _ in range(5):
        line.append(await join(mall, line[-1]))
    first, second, third, fourth, fifth, sixth = (one.id for one in line)
    desk: Desk = await desks()
    page = (await desk.get(f"/members/{third}/chain")).text
    for one in (first, second, fourth):
        assert f'href="/admin/members/{one}">#{one} 微信用户</a>' in page
    assert f"<b>#{third} 微信用户</b>" in page
    assert "直接推荐 1 人" in page
    assert f"#{fifth} " not in page
    page = (await desk.get(f"/members/{third}/chain", level=3)).text
    assert f'<a href="/admin/members/{fourth}">#{fourth}</a> → <a href="/admin/members/{fifth}">#{fifth}</a>' in page
    assert f"#{sixth} 微信用户" in page
    assert page.count(f'href="/admin/members/{fourth}"') == 2
    assert "这一级还没有人" in (await desk.get(f"/members/{sixth}/chain", level=2)).text
    for _ in range(2):
        await join(mall, line[2])
    monkeypatch.setattr("server.handlers.admin.members._PAGE_ROWS", 2)
    page = (await desk.get(f"/members/{third}/chain")).text
    assert f"#{fourth} 微信用户" not in page
    cursor = page.partition("cursor=")[2].partition('"')[0]
    assert f"#{fourth} 微信用户" in (await desk.get(f"/members/{third}/chain", cursor=cursor)).text
    monkeypatch.setattr("server.handlers.admin.members._PICTURED", 1)
    assert "画成树" not in (await desk.get(f"/members/{third}/chain")).text
    alone = await join(mall)
    assert "没有推荐人" in (await desk.get(f"/members/{alone.id}/chain")).text
    for query in ({"level": 4}, {"level": "x"}, {"cursor": "x"}):
        assert (await desk.get(f"/members/{third}/chain", **query)).status_code == 400, query


async def test_two_of_a_level_under_one_share_a_branch(mall: Mall, desks: Any) -> None:
    top = await join(mall)
    child = await join(mall, top)
    for _ in range(2):
        await join(mall, child)
    desk: Desk = await desks()
    page = (await desk.get(f"/members/{top.id}/chain", level=2)).text
    picture = page.partition('<ul class="tree">')[2].partition("</details>")[0]
    assert picture.count(f'href="/admin/members/{child.id}"') == 1
    assert picture.count("<li>") == 4


async def test_what_is_personal_is_shown_once_with_a_reason(mall: Mall, desks: Any) -> None:
    me = await known(mall)
    desk: Desk = await desks(Role.SERVICE)
    here = f"/members/{me.id}"
    wanted = {
        "phone": PHONE,
        "nickname": "小明同学",
        "addresses": "收货人 13800138000 浙江省杭州市西湖区文三路一号",
        "openid": me.openid,
    }
    for what, value in wanted.items():
        answer = await desk.http.post(
            f"/admin{here}/reveal", data={"csrf": await desk.csrf(), "what": what, "reason": "核对收货"}
        )
        assert answer.status_code == 303
        assert f'<code class="secret">{value}</code>' in (await desk.get(here)).text
        assert value not in (await desk.get(here)).text
        record = await last_record()
        assert record == {
            "actor": desk.name,
            "action": "member.reveal",
            "subject": f"member:{me.id}",
            "detail": {"what": what, "reason": "核对收货"},
        }
    before = await actions()
    for form in ({"what": "phone"}, {"what": "phone", "reason": " "}, {"what": "odd", "reason": "x"}, {"reason": "x"}):
        assert (await desk.post(f"{here}/reveal", **form)).status_code == 400, form
    assert (await desk.post("/members/999999/reveal", what="phone", reason="x")).status_code == 404
    assert await actions() == before
    stranger = await join(mall)
    for what in ("phone", "nickname", "addresses"):
        assert (await desk.post(f"/members/{stranger.id}/reveal", what=what, reason="x")).status_code == 404


async def test_a_member_is_shut_out_and_let_in_again(mall: Mall, desks: Any) -> None:
    me = await join(mall)
    desk: Desk = await desks(Role.SERVICE)
    here = f"/members/{me.id}"
    assert (await desk.post(f"{here}/block", reason="")).status_code == 400
    assert (await desk.post(f"{here}/block", reason="刷单")).status_code == 303
    assert (await me.ask("GET", "/me")).status_code in (401, 403)
    assert (await desk.post(f"{here}/block", reason="刷单")).status_code == 409
    assert "已封禁" in (await desk.get(here)).text
    assert (await last_record())["detail"] == {"before": "active", "after": "blocked", "reason": "刷单"}
    assert (await desk.post(f"{here}/unblock", reason="误判")).status_code == 303
    assert (await desk.post(f"{here}/unblock", reason="误判")).status_code == 409
    assert (await desk.post("/members/999999/block", reason="x")).status_code == 404
    await work(mall)


async def test_a_binding_is_corrected_as_it_was_previewed(mall: Mall, desks: Any) -> None:
    old, new = await join(mall), await join(mall, await join(mall))
    me = await join(mall, old)
    child = await join(mall, me)
    desk: Desk = await desks(Role.SERVICE)
    here = f"/members/{me.id}/binding"
    assert "更正后" not in (await desk.get(here)).text
    code = str((await new.get("/me"))["share_code"])
    for typed in (code.lower(), f"#{new.id}", f" {new.id} "):
        page = (await desk.get(here, referrer=typed)).text
        assert f'推荐人：<a href="/admin/members/{new.id}"' in page, typed
        assert f'推荐人：<a href="/admin/members/{old.id}"' in page
        assert "1 位直接推荐的会员" in page
    seen = f"{old.id}-0-0"
    for form in (
        {"referrer_id": new.id, "seen": seen, "reason": " "},
        {"referrer_id": "x", "seen": seen, "reason": "x"},
        {"referrer_id": new.id, "seen": "1-2", "reason": "x"},
        {"referrer_id": -1, "seen": seen, "reason": "x"},
    ):
        assert (await desk.post(here, **form)).status_code == 400, form
    assert (await desk.post(here, referrer_id=new.id, seen="0-0-0", reason="x")).status_code == 409
    assert (await desk.post(here, referrer_id=999_999, seen=seen, reason="x")).status_code == 404
    assert (await desk.post(here, referrer_id=new.id, seen=seen, reason="扫错了码")).status_code == 303
    assert (await desk.post(here, referrer_id=new.id, seen=seen, reason="扫错了码")).status_code == 422
    assert (await Member.get(id=child.id)).ancestor2_id == new.id
    assert (await last_record())["detail"] == {"before": old.id, "after": new.id, "reason": "扫错了码"}
    page = (await desk.get(f"/members/{me.id}")).text
    assert f"{desk.name}：扫错了码" in page
    page = (await desk.get(here, referrer="none")).text
    assert "没有推荐人" in page
    grand = (await Member.get(id=new.id)).referrer_id
    assert (await desk.post(here, referrer_id=0, seen=f"{new.id}-{grand}-0", reason="误绑")).status_code == 303
    assert (await Member.get(id=me.id)).referrer_id is None
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []


async def test_a_preview_says_why_it_cannot_be(mall: Mall, desks: Any) -> None:
    top = await join(mall)
    me = await join(mall, top)
    child = await join(mall, me)
    desk: Desk = await desks()
    here = f"/members/{me.id}/binding"
    for typed, told in (
        (f"#{me.id}", "不能绑定自己"),
        (f"#{top.id}", "已绑定推荐人"),
        (f"#{child.id}", "不能绑定自己的下级"),
        ("#999999", "没有这个会员号或分享码"),
        ("<b>", "没有这个会员号或分享码"),
    ):
        page = await desk.get(here, referrer=typed)
        assert page.status_code == 200
        assert f"不能这样更正：{told}" in page.text, typed
        assert "确认更正" not in page.text
    assert (await desk.get("/members/999999/binding", referrer="none")).status_code == 404
    assert (await desk.get(here, referrer="x" * 41)).status_code == 400
