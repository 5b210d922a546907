"""Requests that no form of ours sends, but a browser can."""

import asyncio
from typing import Any

from server import db
from server.rules.operators import Role
from server.services.operators import accounts as operator_accounts
from tests.handlers.admin.conftest import Desk
from tests.support.mall import Mall
from tests.support.shop import join, make_virtual_sku, work


async def test_a_form_of_nobody_leads_to_the_door(desks: Any) -> None:
    desk: Desk = await desks(log_in=False)
    answer = await desk.http.post("/admin/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login")


async def test_what_no_column_holds_is_refused(desks: Any) -> None:
    desk: Desk = await desks()
    assert (await desk.get("/orders", number="a\0b")).status_code == 400
    assert (await desk.get("/orders/%00")).status_code == 404
    assert (await desk.post(f"/operators/{10**30}/role", role="service", reason="x")).status_code == 404
    for name in ("n" * 500, "a\0b"):
        desk.name = name
        assert (await desk.log_in()).status_code == 401


async def test_devices_are_listed_and_an_owner_may_be_made(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    assert "本机" in (await desk.get("/account")).text
    await operator_accounts.create(mall.deps, "second", Role.SERVICE, "cli", must_change=False)
    await operator_accounts.set_role(
        mall.deps, await operator_accounts.named("second"), Role.OWNER, "合伙人", desk.name
    )
    assert {one.role for one in await operator_accounts.listed(mall.deps)} == {Role.OWNER}


async def test_an_order_that_is_not_sent_anywhere_has_no_receiver(mall: Mall, desks: Any) -> None:
    shopper = await join(mall)
    order_no = await shopper.buy(await make_virtual_sku(mall, ["card-1"]))
    await work(mall)
    desk: Desk = await desks()
    assert (await desk.get(f"/orders/{order_no}")).status_code == 200


async def test_who_meets_a_lock_is_told_when_to_come_back(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    await operator_accounts.create(mall.deps, "second", Role.SERVICE, "cli", must_change=False)
    second = await operator_accounts.named("second")
    async with db.transaction() as held:
        await held.execute("SELECT 1 FROM operators WHERE id = $1 FOR UPDATE", second)
        answer = await desk.post(f"/operators/{second}/role", role="finance", reason="换岗")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_of_two_new_passwords_at_once_one_counts(desks: Any) -> None:
    desk: Desk = await desks()
    forms = ({"old": desk.password, "new": new, "again": new} for new in ("first-new-password", "second-new-password"))
    answers = await asyncio.gather(*(desk.post("/account/password", **form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [303, 401]
