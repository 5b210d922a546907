"""The ledger in the panel: from an account to its entries, and from an entry to what it is about."""

import io
import re
from typing import Any

import pytest
from openpyxl import load_workbook

from server import db
from server.jobs.exports import make_exports
from server.rules.operators import Role
from tests.handlers.admin.conftest import Desk
from tests.support.mall import Mall, owner_of
from tests.support.purse import ask, earn, give_points, rich
from tests.support.shop import make_sku, shopper, work


async def account_of(code: str) -> Any:
    return await db.fetch_row("SELECT * FROM ledger_accounts WHERE code = $1 ORDER BY id LIMIT 1", code)


async def test_from_an_account_to_its_entries_to_the_order(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    sku = await make_sku(10_000)
    numbers = [await me.buy(sku) for _ in range(2)]
    cash = await account_of("wechat_cash")
    desk: Desk = await desks(Role.AUDITOR)
    listed = (await desk.get("/ledger", of="shop")).text
    assert f"/admin/ledger/accounts/{cash['id']}" in listed
    assert "¥200.00" in listed, "what is not rolled up yet counts"
    page = (await desk.get(f"/ledger/accounts/{cash['id']}")).text
    assert re.findall(r"¥[0-9.]+", page) == ["¥200.00", "¥100.00", "¥200.00", "¥100.00", "¥100.00"]
    await work(mall)
    assert (await desk.get(f"/ledger/accounts/{cash['id']}")).text == page
    entry = re.search(r"/admin/ledger/entries/(\d+)", page)
    assert entry
    opened = (await desk.get(f"/ledger/entries/{entry[1]}")).text
    assert f"order-paid:{numbers[1]}" in opened
    assert f'href="/admin/orders/{numbers[1]}"' in opened
    assert f"/admin/ledger/accounts/{cash['id']}" in opened
    about = (await desk.get("/ledger-entries", link=f"order:{numbers[0]}")).text
    assert (f"order-paid:{numbers[0]}" in about, numbers[1] in about) == (True, False)
    assert f"order-paid:{numbers[1]}" in (await desk.get("/ledger-entries", q=f"order-paid:{numbers[1]}")).text
    assert numbers[0] not in (await desk.get("/ledger-entries", kind="withdrawal_paid")).text
    for path in ("/ledger/accounts/999", "/ledger/entries/999"):
        assert (await desk.get(path)).status_code == 404


async def test_an_account_page_by_page_keeps_the_running_balance(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.handlers.admin.ledger.PAGE_ROWS", 2)
    me = await rich(mall, 1_000)
    for n in range(2, 6):
        await earn(mall, me.id, n * 1_000)
    desk: Desk = await desks(Role.FINANCE)
    where, after = f"/ledger/accounts/{(await account_of('withdrawable'))['id']}", list[str]()
    cursor = ""
    while True:
        page = (await desk.get(where, cursor=cursor)).text
        after += re.findall(r'data-label="变动后余额" class="n">¥([0-9.]+)', page)
        found = re.search(r"cursor=([^\"&]+)", page)
        if found is None:
            break
        cursor = found[1]
    assert after == ["150.00", "100.00", "60.00", "30.00", "10.00"]
    for nonsense in ("x", "WzFd", "WyJhIiwxXQ"):
        assert (await desk.get(where, cursor=nonsense)).status_code == 400


async def test_an_entry_and_what_reverses_it_lead_to_each_other(mall: Mall, desks: Any) -> None:
    me = await rich(mall)
    no = await ask(me, 2_000)
    await me.post(f"/withdrawals/{no}/cancel")
    desk: Desk = await desks(Role.OWNER)
    rows = {row["kind"]: row["id"] for row in await db.fetch("SELECT id, kind FROM ledger_entries")}
    request = (await desk.get(f"/ledger/entries/{rows['withdrawal_request']}")).text
    back = (await desk.get(f"/ledger/entries/{rows['withdrawal_back']}")).text
    assert f"/admin/ledger/entries/{rows['withdrawal_back']}" in request
    assert f"/admin/ledger/entries/{rows['withdrawal_request']}" in back
    assert f"/admin/withdrawals/{no}" in back
    members = (await desk.get("/ledger", q=f"#{me.id}", of="members", code="in_flight")).text
    assert "提现中 #" in members
    assert "仅消费" not in members.partition("<tbody>")[2]


async def test_entries_say_what_they_move(mall: Mall, desks: Any) -> None:
    me = await rich(mall)
    await give_points(mall, me.id, 120)
    no = await ask(me, 2_000)
    desk: Desk = await desks(Role.OWNER)
    page = (await desk.get("/ledger-entries", link=f"withdrawal:{no}")).text
    assert 'data-label="金额" class="n">¥20.00</td>' in page
    assert 'data-label="积分" class="n">—</td>' in page
    assert f'data-label="借">可提现余额（会员 #{me.id}） ¥20.00</td>' in page
    assert f'data-label="贷">提现中（会员 #{me.id}） ¥20.00</td>' in page
    points = (await desk.get("/ledger-entries", kind="points_gift")).text
    assert 'data-label="积分" class="n">120</td>' in points
    assert 'data-label="金额" class="n">—</td>' in points
    withdrawal = (await desk.get(f"/withdrawals/{no}")).text
    assert 'data-label="金额" class="n">¥20.00</td>' in withdrawal.partition("这笔提现的分录")[2]
    assert "<dt>积分</dt><dd>120 积分</dd>" in withdrawal, "points are no money"
    await desk.post("/exports/ledger-entries", link=f"withdrawal:{no}")
    await make_exports(mall.deps)
    made = await desk.get(f"/exports/{await db.fetch_value('SELECT max(id) FROM exports')}/file")
    header, line = load_workbook(io.BytesIO(made.content)).worksheets[0].iter_rows(values_only=True)
    told = dict(zip(header, line, strict=True))
    assert (told["金额（元）"], told["积分"]) == (20, None)
    assert (told["借"], told["贷"]) == (f"可提现余额（会员 #{me.id}） ¥20.00", f"提现中（会员 #{me.id}） ¥20.00")


async def test_points_are_no_money(mall: Mall, desks: Any) -> None:
    async with owner_of(mall) as tx:
        await tx.execute(
            "INSERT INTO ledger_accounts (member_id, code, source, currency, debit_normal, balance)"
            " VALUES (7, 'points', 'gift:1', 'POINT', false, 120)"
        )
    desk: Desk = await desks()
    assert "120 积分" in (await desk.get("/ledger", q="#7")).text
    found = await account_of("points")
    page = (await desk.get(f"/ledger/accounts/{found['id']}")).text
    assert "120 积分" in page
    assert "<code>gift:1</code>" in page
