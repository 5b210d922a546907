import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from server import db
from server.core.errors import LastOwner
from server.panel import assets
from server.rules.operators import Role
from server.services.operators import accounts as operator_accounts
from tests.handlers.admin.conftest import PASSWORD, Desk, actions, browser
from tests.support.locks import held, waiting
from tests.support.mall import Mall


async def test_where_nobody_was_let_in_yet_the_door_says_what_to_do(mall: Mall) -> None:
    page = await mall.http.get("/admin/login")
    assert "operator create" in page.text
    assert 'name="password"' not in page.text


async def test_a_stranger_is_led_to_the_door_and_back(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(log_in=False)
    asked = await desk.get("/orders")
    assert (asked.status_code, asked.headers["location"]) == (303, "/admin/login?next=%2Fadmin%2Forders")
    wanted = {"name": desk.name, "password": desk.password, "next": "/admin/orders"}
    assert (await desk.http.post("/admin/login", data=wanted)).headers["location"] == "/admin/orders"
    away = {**wanted, "next": "https://evil.example/"}
    assert (await desk.http.post("/admin/login", data=away)).headers["location"] == "/admin"


async def test_what_every_page_and_the_cookie_carry(desks: Any) -> None:
    desk: Desk = await desks(log_in=False)
    entered = await desk.log_in()
    cookie = entered.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/admin", "Max-Age=43200"))
    token = cookie.partition("=")[2].partition(";")[0]
    assert token not in str(await db.fetch("SELECT * FROM operator_sessions"))
    page = await desk.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert (page.headers["x-frame-options"], page.headers["cache-control"]) == ("DENY", "no-store")
    assert "<script>" not in page.text
    assert " style=" not in page.text


async def test_five_failures_lock_the_account_and_names_that_are_not_there_look_the_same(
    mall: Mall, desks: Any
) -> None:
    desk: Desk = await desks(log_in=False)
    right = desk.password
    for name in (desk.name, "nobody"):
        desk.name, desk.password = name, "wrong"
        answers = [await desk.log_in() for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert int(answers[-1].headers["retry-after"]) <= 15 * 60
        assert "账号、密码或动态码不正确" in answers[0].text
    desk.name, desk.password = "owner-op", right
    assert (await desk.log_in()).status_code == 429
    mall.clock.advance(15 * 60 + 1)
    assert (await desk.log_in()).status_code == 303
    assert await actions() == ["operator.create", "operator.locked", "operator.login"]


async def test_many_guesses_at_once_are_five(desks: Any) -> None:
    desk: Desk = await desks(log_in=False)
    right, desk.password = desk.password, "wrong"
    await asyncio.gather(*(desk.log_in() for _ in range(8)))
    desk.password = right
    assert (await desk.log_in()).status_code == 429


async def test_two_guesses_in_one_moment_are_two(desks: Any) -> None:
    """Both start before either is counted. The second one must see the count that the first wrote."""
    desk: Desk = await desks(log_in=False)
    desk.password = "wrong"
    async with held("SELECT 1 FROM operators WHERE name = $1 FOR NO KEY UPDATE", desk.name):
        both = asyncio.gather(desk.log_in(), desk.log_in())
        await waiting(2)
    assert [answer.status_code for answer in await both] == [401, 401]
    assert await db.fetch_value("SELECT failures FROM operators") == 2


async def test_two_steps_and_no_code_works_twice(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    page = (await desk.get("/account/totp")).text
    secret = page.partition('<code class="secret">')[2].partition("<")[0]
    assert "data:image/svg+xml" in page
    assert (await desk.post("/account/totp", code="000000")).status_code == 422
    code = pyotp.TOTP(secret)
    assert (await desk.post("/account/totp", code=code.at(mall.clock.now()))).status_code == 303
    assert secret not in str(await db.fetch("SELECT totp_sealed FROM operators"))

    again = Desk(mall, desk.http, desk.name, desk.password)
    again.http.cookies.clear()

    async def second(shown: str) -> int:
        assert "动态码" in (await again.log_in()).text
        return (await again.http.post("/admin/login/code", data={"code": shown})).status_code

    assert await second(code.at(mall.clock.now())) == 401  # this code was used to confirm the set-up
    mall.clock.advance(60)
    used = code.at(mall.clock.now())
    assert await second(used) == 303
    again.http.cookies.clear()
    assert await second(used) == 401
    mall.clock.advance(90)
    assert await second(code.at(mall.clock.now(), counter_offset=-2)) == 401
    assert await second(code.at(mall.clock.now(), counter_offset=1)) == 303
    again.http.cookies.clear()
    assert (await again.http.post("/admin/login/code", data={"code": used})).status_code == 401


async def test_a_password_that_was_given_has_to_be_changed_first(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    created = await desk.post("/operators", name="小红", role="service")
    assert created.status_code == 303
    page = (await desk.get("/operators")).text
    given = page.partition('<code class="secret">')[2].partition("<")[0]
    assert given not in (await desk.get("/operators")).text

    opened: list[httpx.AsyncClient] = []
    new = Desk(mall, browser(mall, opened), "小红", given)
    assert (await new.log_in()).status_code == 303
    assert (await new.get("/orders")).headers["location"] == "/admin/account/password"
    for form, problem in (
        ({"old": given, "new": "short", "again": "short"}, "12"),
        ({"old": given, "new": PASSWORD, "again": "other"}, "不一致"),
        ({"old": given, "new": given, "again": given}, "旧密码"),
    ):
        refused = await new.post("/account/password", **form)
        assert (refused.status_code, problem in refused.text) == (422, True)
    assert (await new.post("/account/password", old="x", new=PASSWORD, again=PASSWORD)).status_code == 401
    assert (await new.post("/account/password", old=given, new=PASSWORD, again=PASSWORD)).status_code == 303
    assert (await new.get("/orders")).status_code == 200
    await opened[0].aclose()


async def test_devices_are_revoked_one_by_one_or_all(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    opened: list[httpx.AsyncClient] = []
    other = Desk(mall, browser(mall, opened), desk.name, desk.password)
    await other.log_in()
    session = await db.fetch_value("SELECT max(id) FROM operator_sessions")
    assert (await desk.post(f"/account/devices/{session}/revoke")).status_code == 303
    assert (await other.get("/")).status_code == 303
    assert (await desk.get("/")).status_code == 200
    assert (await desk.post(f"/account/devices/{session}/revoke")).status_code == 404
    colleague: Desk = await desks(Role.FINANCE)
    theirs = await db.fetch_value("SELECT max(id) FROM operator_sessions")
    assert (await desk.post(f"/account/devices/{theirs}/revoke")).status_code == 404
    assert (await colleague.get("/")).status_code == 200
    await other.log_in()
    assert (await desk.post("/account/logout-everywhere")).status_code == 303
    assert [(await one.get("/")).status_code for one in (desk, other)] == [303, 303]
    await desk.log_in()
    assert (await desk.post("/logout")).status_code == 303
    assert (await desk.get("/")).status_code == 303
    await opened[0].aclose()


async def test_a_session_lives_twelve_hours_from_its_last_use(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    for _ in range(2):
        mall.clock.advance(11 * 3600)
        assert (await desk.get("/")).status_code == 200
    mall.clock.advance(12 * 3600)
    assert (await desk.get("/")).status_code == 303


async def test_forms_from_elsewhere_are_refused(desks: Any) -> None:
    desk: Desk = await desks()
    before = await actions()
    form = {"name": "intruder", "role": "owner"}
    for csrf in ("", "x" * 43):
        assert (await desk.http.post("/admin/operators", data={**form, "csrf": csrf})).status_code == 403
    right = await desk.csrf()
    for origin in ("https://evil.example", "null"):
        forged = await desk.http.post("/admin/operators", data={**form, "csrf": right}, headers={"Origin": origin})
        assert forged.status_code == 403
    assert await actions() == before
    header = {"X-CSRF-Token": right, "Origin": desk.mall.base_url}
    assert (await desk.http.post("/admin/operators", data=form, headers=header)).status_code == 303


async def test_somebody_can_always_manage_operators(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    own = await operator_accounts.named(desk.name)
    assert (await desk.post(f"/operators/{own}/disable", reason="test")).status_code == 422
    with pytest.raises(LastOwner):
        await operator_accounts.set_role(mall.deps, own, Role.AUDITOR, "test", "cli")
    await operator_accounts.create(mall.deps, "second", Role.OWNER, "cli")
    second = await operator_accounts.named("second")
    assert (await desk.post(f"/operators/{second}/role", role="finance", reason="调岗")).status_code == 303
    assert (await desk.post(f"/operators/{second}/disable", reason="离职")).status_code == 303
    assert (await desk.post(f"/operators/{second}/disable", reason="离职")).status_code == 409
    assert (await desk.post(f"/operators/{second}/enable", reason="回来")).status_code == 303
    assert (await desk.post(f"/operators/{second}/reset", reason="忘记密码")).status_code == 303
    assert (await desk.post("/operators/99999/reset", reason="x")).status_code == 404
    assert (await desk.post("/operators", name="second", role="owner")).status_code == 409
    assert (await desk.post("/operators", name="cli", role="owner")).status_code == 400
    assert (await actions())[-4:] == ["operator.role", "operator.disable", "operator.enable", "operator.reset"]
    log = (await desk.get("/audit", action="operator.role")).text
    assert "<del>店主</del> → <ins>财务</ins>" in log
    assert "理由：调岗" in log


async def test_style_and_scripts_are_kept_forever_packed_or_not(mall: Mall) -> None:
    login = (await mall.http.get("/admin/login")).text
    addresses = re.findall(r'(?:href|src)="(/admin/assets/[^"]+)"', login)
    assert addresses
    for address in addresses:
        packed = await mall.http.get(address)
        plain = await mall.http.get(address, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert "immutable" in plain.headers["cache-control"]
    assert (await mall.http.get("/admin/assets/panel-0000000000.css")).status_code == 404


async def test_without_node_the_panel_is_plain_pages(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        assets, "_FILES", {**assets._FILES, "htmx.js": tmp_path / "none", "echarts.js": tmp_path / "none"}
    )
    assets.all_assets.cache_clear()
    try:
        desk: Desk = await desks()
        page = await desk.get("/")
        assert page.status_code == 200
        assert "htmx-" not in page.text
        assert "echarts-" not in page.text
    finally:
        assets.all_assets.cache_clear()
