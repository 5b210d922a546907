"""提现 from the wallet to WeChat and back, as member and shop experience it."""

import pytest

from server import db
from server.core.errors import NotAllowed, NotFound, StateConflict
from server.services.withdrawals import requests as withdrawal_requests
from tests.support.calendar import MINUTE, UTC_BEHIND, move_to, next_day, next_month
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import ask, owe, rich, send, set_policy, state_of
from tests.support.shop import DAY_S, pass_days, run_jobs, until, work


async def test_a_withdrawal_to_its_good_end(mall: Mall) -> None:
    """
    Given a member with 100 yuan to withdraw, and a fee of 1.5 %
    When the member asks for 50.01, and it is approved, sent and confirmed
    Then the money is in flight until WeChat has paid it, and the statement shows the fee
    """
    await set_policy(mall, withdrawal_fee_bp=150)
    anna = await rich(mall)
    asked = await anna.post("/withdrawals", {"amount_fen": 5_001})
    no = asked["withdrawal_no"]
    assert (asked["state"], asked["fee_fen"], asked["payout_fen"]) == ("requested", 75, 4_926)
    assert (asked["allowed_actions"], asked["confirm"]) == (["cancel"], None)
    wallet = await anna.wallet()
    assert (wallet["withdrawable_fen"], wallet["in_flight_fen"]) == (4_999, 5_001)
    await proved(mall)

    await withdrawal_requests.approve(mall.deps, no, "tester")
    assert await state_of(anna, no) == "approved"
    await work(mall)
    waiting = await anna.get(f"/withdrawals/{no}")
    assert (waiting["state"], waiting["allowed_actions"]) == ("confirming", ["confirm", "cancel"])
    assert set(waiting["confirm"]) == {"mch_id", "app_id", "package"}
    await proved(mall)

    said = (await mall.http.post(f"/sandbox/transfers/{no}/confirm")).json()
    assert (said["state"], said["notified"]) == ("SUCCESS", True)
    paid = await anna.get(f"/withdrawals/{no}")
    assert (paid["state"], paid["confirm"], paid["allowed_actions"]) == ("paid", None, [])
    assert [step["state"] for step in paid["steps"]] == ["requested", "approved", "sent", "confirming", "paid"]
    wallet = await anna.wallet()
    assert (wallet["withdrawable_fen"], wallet["in_flight_fen"]) == (4_999, 0)
    lines = (await anna.get("/wallet/statement"))["items"]
    assert [line["kind"] for line in lines] == ["withdrawal_paid", "withdrawal_request", "rebate_release"]
    assert "到账 49.26 元，手续费 0.75 元" in lines[0]["why"]
    assert lines[0]["link"] == f"withdrawal:{no}"
    await proved(mall)


async def test_small_ones_need_no_operator_where_the_shop_says_so(mall: Mall) -> None:
    await set_policy(mall, withdrawal_auto_below_fen=1_000)
    anna = await rich(mall)
    small, large = await ask(anna, 999), await ask(anna, 1_000)
    await work(mall)
    assert (await state_of(anna, small), await state_of(anna, large)) == ("confirming", "requested")


async def test_large_ones_need_two_operators(mall: Mall) -> None:
    await set_policy(mall, withdrawal_second_from_fen=5_000)
    anna = await rich(mall)
    no = await ask(anna)
    first = await withdrawal_requests.approve(mall.deps, no, "one")
    assert first.state == "requested"
    assert [step.state for step in first.steps] == ["requested"]
    with pytest.raises(NotAllowed):
        await withdrawal_requests.approve(mall.deps, no, "one")
    assert (await withdrawal_requests.approve(mall.deps, no, "two")).state == "approved"
    with pytest.raises(StateConflict):
        await withdrawal_requests.approve(mall.deps, no, "three")
    await work(mall)
    assert await state_of(anna, no) == "confirming"


async def test_turned_down(mall: Mall) -> None:
    anna = await rich(mall)
    no = await ask(anna)
    rejected = await withdrawal_requests.reject(mall.deps, no, "tester", "资料不符")
    assert (rejected.state, rejected.why) == ("rejected", "资料不符")
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    with pytest.raises(StateConflict):
        await withdrawal_requests.reject(mall.deps, no, "tester", "资料不符")
    with pytest.raises(NotFound):
        await withdrawal_requests.approve(mall.deps, "W0", "tester")
    await proved(mall)


@pytest.mark.parametrize("approved", [False, True])
async def test_called_off_before_wechat_was_asked(mall: Mall, approved: bool) -> None:
    anna = await rich(mall)
    no = await ask(anna)
    if approved:
        await withdrawal_requests.approve(mall.deps, no, "tester")
    gone = await anna.post(f"/withdrawals/{no}/cancel")
    assert (gone["state"], gone["why"], gone["cancelling"]) == ("cancelled", "已取消提现", False)
    assert await anna.refused_post(f"/withdrawals/{no}/cancel") == "409 state_conflict"
    await work(mall)
    assert await state_of(anna, no) == "cancelled"
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


@pytest.mark.parametrize("by_shop", [False, True])
async def test_called_off_while_the_member_should_confirm(mall: Mall, by_shop: bool) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    if by_shop:
        assert (await withdrawal_requests.cancel_for(mall.deps, no, "tester")).cancelling
    else:
        assert (await anna.post(f"/withdrawals/{no}/cancel"))["cancelling"]
    waiting = await anna.get(f"/withdrawals/{no}")
    assert (waiting["state"], waiting["allowed_actions"], waiting["confirm"]) == ("confirming", [], None)
    await run_jobs(mall)
    mall.clock.advance(120)
    await work(mall)

    async def ended() -> bool:
        return bool((await anna.get(f"/withdrawals/{no}"))["state"] != "confirming")

    await until(ended)  # the server asks WeChat, or WeChat's notice comes first
    gone = await anna.get(f"/withdrawals/{no}")
    assert (gone["state"], gone["why"]) == ("cancelled", "商城已撤销提现" if by_shop else "已取消提现")
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


async def test_called_off_too_late(mall: Mall) -> None:
    """The member has confirmed at WeChat and then cancels: it is too late and changes nothing."""
    anna = await rich(mall)
    no = await send(mall, anna)
    await mall.control("knobs", drop={"op": "transfer_notify"})
    await mall.http.post(f"/sandbox/transfers/{no}/confirm")
    assert (await anna.post(f"/withdrawals/{no}/cancel"))["cancelling"]
    await work(mall)
    assert await state_of(anna, no) == "paid"
    assert await anna.refused_post(f"/withdrawals/{no}/cancel") == "409 state_conflict"
    await proved(mall)


async def test_nobody_confirms_within_a_day(mall: Mall) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    await pass_days(mall, 1)
    await work(mall)
    gone = await anna.get(f"/withdrawals/{no}")
    assert (gone["state"], gone["why"]) == ("expired", "24 小时内未确认收款")
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


async def test_what_comes_back_pays_debts_first(mall: Mall) -> None:
    """
    Given a member whose money is in flight when a rebate is taken back
    When the withdrawal is cancelled
    Then the money pays the debt first
    """
    anna = await rich(mall)
    no = await ask(anna, 10_000)
    await owe(mall, anna.id, 300)
    await anna.post(f"/withdrawals/{no}/cancel")
    wallet = await anna.wallet()
    assert (wallet["withdrawable_fen"], wallet["debt_fen"], wallet["in_flight_fen"]) == (9_700, 0, 0)
    await proved(mall)


async def test_what_is_owed_stays_in_the_wallet(mall: Mall) -> None:
    """
    Given a member who owes for a coupon and has money that can be withdrawn
    When the member asks for all of it
    Then only what is left beside the debt can go, and the preview says so
    """
    anna = await rich(mall)
    await owe(mall, anna.id, 4_000)
    preview = await anna.get("/withdrawals/preview?amount_fen=6001")
    assert (preview["most_fen"], preview["quote"], preview["problem"]) == (6_000, None, "超出可提现余额")
    assert await anna.refused_post("/withdrawals", {"amount_fen": 6_001}) == "422 balance_insufficient"
    assert await state_of(anna, await ask(anna, 6_000)) in {"requested", "approved"}
    await proved(mall)


async def test_a_name_is_sealed_sent_and_forgotten(mall: Mall) -> None:
    anna = await rich(mall, 200_000)
    assert await anna.refused_post("/withdrawals", {"amount_fen": 200_000}) == "422 real_name_required"
    no = await ask(anna, 200_000, real_name=" 王小明 ")
    sealed = await db.fetch_value("SELECT real_name_sealed FROM withdrawals")
    assert "王小明" not in sealed
    assert mall.deps.cipher.open(sealed, withdrawal_requests.NAME_COLUMN) == "王小明"
    await withdrawal_requests.approve(mall.deps, no, "tester")
    await mall.control("knobs", name_mismatch=1)
    await work(mall)
    assert await state_of(anna, no) == "sent"
    mall.clock.advance(61)
    await work(mall)
    failed = await anna.get(f"/withdrawals/{no}")
    assert (failed["state"], failed["why"]) == ("failed", "姓名与微信实名不一致")
    assert await db.fetch_value("SELECT real_name_sealed FROM withdrawals") is None
    await proved(mall)


async def test_limits(mall: Mall) -> None:
    await set_policy(mall, withdrawal_day_count=2, withdrawal_day_fen=5_000)
    anna = await rich(mall)
    post = "/withdrawals"
    assert await anna.refused_post(post, {"amount_fen": 99}) == "422 withdrawal_limit"
    assert await anna.refused_post(post, {"amount_fen": 5_001}) == "422 withdrawal_limit"
    first = await ask(anna, 4_900)
    assert await anna.refused_post(post, {"amount_fen": 101}) == "422 withdrawal_limit"
    await anna.post(f"/withdrawals/{first}/cancel")
    await ask(anna, 101)
    assert await anna.refused_post(post, {"amount_fen": 100}) == "422 withdrawal_limit"
    mall.clock.advance(DAY_S)
    await ask(anna, 5_000)


async def test_a_day_begins_at_midnight_in_shanghai(mall: Mall) -> None:
    """Each day allows one withdrawal of 30 yuan. When the day changes in UTC, no new day has begun."""
    await set_policy(mall, withdrawal_day_count=1, withdrawal_day_fen=3_000)
    edge = next_day(mall)
    move_to(mall, edge - MINUTE * 5)
    anna, body = await rich(mall), {"amount_fen": 3_000}
    await anna.post("/withdrawals", body)
    assert await anna.refused_post("/withdrawals", body) == "422 withdrawal_limit"
    move_to(mall, edge + MINUTE)
    assert (await anna.get("/withdrawals/preview?amount_fen=3000"))["most_fen"] == 3_000
    await anna.post("/withdrawals", body)
    move_to(mall, edge + UTC_BEHIND + MINUTE)
    assert await anna.refused_post("/withdrawals", body) == "422 withdrawal_limit"


async def test_the_tax_of_a_month_begins_at_midnight_in_shanghai(mall: Mall) -> None:
    """The first 800 yuan of a month are free of tax. A withdrawal before the month began does not count."""
    await set_policy(mall, withdrawal_withholding="labour_remuneration")
    edge = next_month(mall)
    move_to(mall, edge - MINUTE * 5)
    anna, body, withheld = await rich(mall, 400_000), {"amount_fen": 80_000}, []
    for moment in (edge - MINUTE * 4, edge + MINUTE, edge + UTC_BEHIND + MINUTE):
        move_to(mall, moment)
        withheld.append((await anna.post("/withdrawals", body))["tax_fen"])
    assert withheld == [0, 0, 16_000]


async def test_more_than_there_is_and_shut_out(mall: Mall) -> None:
    anna = await rich(mall, 500)
    assert await anna.refused_post("/withdrawals", {"amount_fen": 501}) == "422 balance_insufficient"
    await db.fetch("UPDATE members SET state = 'blocked' WHERE id = $1 RETURNING id", anna.id)
    assert await anna.refused_post("/withdrawals", {"amount_fen": 500}) == "403 account_blocked"


async def test_others_see_nothing_of_it(mall: Mall) -> None:
    anna, bert = await rich(mall), await rich(mall)
    no = await ask(anna)
    assert await bert.refused("GET", f"/withdrawals/{no}") == "404 not_found"
    assert await bert.refused_post(f"/withdrawals/{no}/cancel") == "404 not_found"
    assert (await bert.get("/withdrawals"))["items"] == []


async def test_the_list_goes_page_by_page_and_a_repetition_asks_once(mall: Mall) -> None:
    anna = await rich(mall)
    numbers = [await ask(anna, 100) for _ in range(2)]
    first, again = [await anna.call("POST", "/withdrawals", {"amount_fen": 100}, key="once") for _ in range(2)]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.content == again.content
    numbers.append(first.json()["withdrawal_no"])
    page = await anna.get("/withdrawals?limit=2")
    rest = await anna.get(f"/withdrawals?limit=2&cursor={page['next_cursor']}")
    assert [one["withdrawal_no"] for one in page["items"] + rest["items"]] == numbers[2::-1]
    assert rest["next_cursor"] is None
    assert await anna.refused("POST", "/withdrawals", {"amount_fen": 100}) == "400 idempotency_key_missing"
