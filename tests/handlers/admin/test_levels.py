"""Levels in the panel: the whole set as one form; growth given and taken back."""

from typing import Any

from server.rules.operators import Role
from server.services.terms import levels
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.shop import shopper, work


def row(n: int, name: str, growth: str, **more: str) -> dict[str, str]:
    """Return one level as it is typed."""
    typed = {"name": name, "growth": growth, "discount_bp": "100", "points_bp": "100", "commission_bonus_bp": "0"}
    typed |= {"colour": "#8C7A6B", "icon": "star"} | more
    return {f"levels[{n}].{field}": value for field, value in typed.items()}


async def test_levels_are_set_as_a_whole_and_members_rise(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OWNER)
    me = await shopper(mall)
    assert "还没有设置等级" in (await desk.get("/levels")).text
    none = levels.version(())
    gold = row(2, "金卡", "300", discount_bp="95", points_bp="150", commission_bonus_bp="5", free_freight="on")
    form = row(0, "普通", "0") | gold | {"version": none, "reason": "开张"}
    assert (await send(desk, "/levels", form)).status_code == 303
    record = await last_record()
    assert (record["action"], record["detail"]["before"], record["detail"]["reason"]) == ("levels.change", [], "开张")
    (_, found) = await levels.current()
    assert (found.discount_bp, found.points_bp, found.commission_bonus_bp, found.free_freight) == (
        9_500,
        15_000,
        500,
        True,
    )
    assert (await send(desk, "/levels", form)).status_code == 409
    assert 'name="levels[1].discount_bp" value="95.00"' in (await desk.get("/levels")).text
    same = form | {"version": levels.version(await levels.current())}
    assert (await send(desk, "/levels", same)).status_code == 303
    grown = {"amount": "301", "key": "abcdefgh", "reason": "补偿"}
    place = f"/members/{me.id}"
    assert (await send(desk, f"{place}/growth", grown)).status_code == 303
    assert (await last_record())["detail"] == {"before": 0, "after": 301, "reason": "补偿", "anew": False}
    assert (await send(desk, f"{place}/growth", grown | {"anew": "on"})).status_code == 303
    await work(mall)
    page = (await desk.get(place)).text
    assert "金卡，保留至" in page
    assert "+301" in page
    assert "成长值达到" in page
    assert "现有会员 1 人" in (await desk.get("/levels")).text
    assert "补偿" in (await desk.get("/growth", q=f"#{me.id}", kind="correction")).text
    assert "没有符合条件的成长值记录" in (await desk.get("/growth", kind="spend")).text
    assert (await me.get("/me"))["level"]["name"] == "金卡"


async def test_points_are_given_and_taken_once(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.SERVICE)
    me = await shopper(mall)
    place = f"/members/{me.id}/points"
    given = {"points": "50", "key": "abcdefgh", "reason": "补偿"}
    for _ in range(2):
        assert (await send(desk, place, given)).status_code == 303
    assert (await me.wallet())["points"] == 50
    record = await last_record()
    assert (record["action"], record["detail"]) == ("member.points", {"before": 0, "points": 50, "reason": "补偿"})
    for change in ({"points": "-51"}, {"points": "0"}, {"points": "x"}, {"key": "-"}, {"reason": " "}):
        assert (await send(desk, place, given | {"key": "ijklmnop"} | change)).status_code == 400, change
    assert (await send(desk, "/members/999999/points", given)).status_code == 404


async def test_what_is_wrong_is_told_by_level_and_field(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OWNER)
    base = row(0, "普通", "0") | {"version": levels.version(()), "reason": "x"}
    wrong = {
        "name": "名" * 11,
        "growth": "",
        "discount_bp": "49.99",
        "points_bp": "99",
        "commission_bonus_bp": "101",
        "colour": "red",
        "icon": "crown",
    }
    for field, value in wrong.items():
        refused = await send(desk, "/levels", base | row(1, "银卡", "9") | {f"levels[1].{field}": value})
        assert refused.status_code == 422, field
        assert f'data-field="levels[1].{field}"' in refused.text, field
        assert "第 2 个等级" in refused.text
    refused = await send(desk, "/levels", base | row(1, "银卡", "0"))
    assert refused.status_code == 422
    assert "必须高于" in refused.text
    assert (await send(desk, "/levels", base | {"reason": " "})).status_code == 422
    me = await shopper(mall)
    given = {"amount": "5", "key": "abcdefgh", "reason": "x"}
    for change in ({"amount": "many"}, {"amount": "0"}, {"amount": "-5"}, {"key": "?"}, {"reason": ""}):
        assert (await send(desk, f"/members/{me.id}/growth", given | change)).status_code == 400, change
    assert (await send(desk, "/members/999999/growth", given)).status_code == 404
