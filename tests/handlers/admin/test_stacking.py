"""叠加规则 in the panel: all operators can read it and some can change it, in versions; the next order obeys it."""

from typing import Any

from server import db
from server.rules.operators import Role
from server.rules.stacking import KINDS, LABELS, Matrix
from server.services.terms import stacking
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import give_points
from tests.support.shop import join, make_sku, publish


def boxes(**off: str) -> dict[str, str]:
    """Return the form of the built-in matrix, without the boxes named (`normal="coupon"`)."""
    matrix = Matrix()
    ticked = [(kind, what) for kind in KINDS for what in LABELS if getattr(matrix.of(kind), what)]
    return {f"{kind}.{what}": "on" for kind, what in ticked if off.get(kind) != what}


async def test_a_version_is_published_read_and_obeyed(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    page = (await desk.get("/stacking")).text
    assert page.count(" checked") == len(boxes())
    done = await send(desk, "/stacking", {"base": "0", "note": "积分不抵现", **boxes(normal="points")})
    assert done.status_code == 303
    page = (await desk.get("/stacking")).text
    assert "第 1 版" in page
    assert "普通订单：积分抵扣改为不允许" in page
    assert "查看现行版本" in (await desk.get("/stacking", version=0)).text
    assert (await desk.get("/stacking", version=9)).status_code == 404
    assert (await desk.get("/stacking", version=1)).status_code == 200
    assert (await last_record())["detail"]["reason"] == "积分不抵现"
    me = await join(mall)
    await give_points(mall, me.id, 100)
    basket = await me.basket(await make_sku(1_000), points=100)
    assert await me.refused_post("/orders", basket) == "422 not_combinable"
    placed = await me.post("/orders", basket | {"points": 0})
    assert {one["what"]: one["allowed"] for one in placed["combines"]}["points"] is False
    assert await db.fetch_value("SELECT stacking_version FROM orders") == 1
    await proved(mall)


async def test_what_the_matrix_says_of_rewards_stays_with_the_order(mall: Mall, desks: Any) -> None:
    await publish(mall)
    await send(await desks(), "/stacking", {"base": "0", "note": "不参与", **boxes(normal="qualifies")})
    me = await join(mall, await join(mall))
    order_no = await me.buy(await make_sku(1_000))
    row = await db.fetch_row("SELECT for_commission, for_qualification, for_return FROM orders")
    assert row is not None
    assert tuple(row.values()) == (True, False, True)
    assert await db.fetch_value("SELECT count(*) FROM qualifications") == 0, order_no
    await proved(mall)


async def test_a_matrix_that_cannot_be_meant_or_is_stale_is_refused(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    form = {"base": "0", "note": "试试", **boxes()}
    for change, status in (
        ({"normal.promotion": "on"}, 422),
        ({"base": "3"}, 409),
        ({"normal.magic": "on"}, 400),
        ({"note": " "}, 400),
    ):
        assert (await send(desk, "/stacking", form | change)).status_code == status
    assert (await stacking.newest()).version == 0
    assert (await desk.get("/stacking", version=7)).status_code == 404
    assert (await desk.get("/stacking", version="x")).status_code == 400
