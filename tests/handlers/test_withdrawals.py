"""提现 before the request: terms, limits, and a preview of an amount."""

from typing import Any

import pytest

from tests.support.mall import Mall
from tests.support.purse import ask, rich, set_policy
from tests.support.shop import DAY_S, Shopper, join


async def previewed(shopper: Shopper, amount_fen: int) -> dict[str, Any]:
    return dict(await shopper.get(f"/withdrawals/preview?amount_fen={amount_fen}"))


async def test_the_terms_alone(mall: Mall) -> None:
    await set_policy(mall, withdrawal_min_fen=500, withdrawal_fee_bp=60, withdrawal_day_fen=8_000)
    anna = await rich(mall)
    assert await anna.get("/withdrawals/preview") == {
        "withdrawable_fen": 10_000,
        "least_fen": 500,
        "most_fen": 8_000,
        "day_left_count": 5,
        "day_left_fen": 8_000,
        "fee_bp": 60,
        "name_from_fen": 200_000,
        "quote": None,
        "problem": None,
    }
    nobody = await join(mall)
    terms = await nobody.get("/withdrawals/preview")
    assert (terms["withdrawable_fen"], terms["most_fen"]) == (0, 0)
    assert (await mall.http.get("/api/withdrawals/preview")).status_code == 401
    assert await anna.refused("GET", "/withdrawals/preview?amount_fen=0") == "400 bad_request"


async def test_a_quote_is_what_the_withdrawal_then_says(mall: Mall) -> None:
    await set_policy(mall, withdrawal_fee_bp=150, withdrawal_auto_below_fen=1_000, withdrawal_name_from_fen=4_000)
    anna = await rich(mall)
    said = await previewed(anna, 5_001)
    assert said["problem"] is None
    assert said["quote"] == {
        "amount_fen": 5_001,
        "fee_fen": 75,
        "tax_fen": 0,
        "payout_fen": 4_926,
        "needs_name": True,
        "reviewed": True,
    }
    small = (await previewed(anna, 999))["quote"]
    assert (small["needs_name"], small["reviewed"]) == (False, False)
    asked = await anna.post("/withdrawals", {"amount_fen": 5_001, "real_name": "王小明"})
    assert {name: asked[name] for name in ("fee_fen", "tax_fen", "payout_fen")} == {
        name: said["quote"][name] for name in ("fee_fen", "tax_fen", "payout_fen")
    }


async def test_what_would_be_withheld_stands_in_the_quote(mall: Mall) -> None:
    """All withdrawals of a month count together, except those that were cancelled."""
    await set_policy(mall, withdrawal_withholding="labour_remuneration")
    anna = await rich(mall, 500_000)
    expected = [(100_000, 4_000), (100_000, 20_000), (100_000, 20_000)]
    for number, (amount_fen, tax_fen) in enumerate(expected):
        quoted = (await previewed(anna, amount_fen))["quote"]
        assert (quoted["tax_fen"], quoted["payout_fen"]) == (tax_fen, amount_fen - tax_fen)
        asked = await anna.post("/withdrawals", {"amount_fen": amount_fen})
        assert (asked["tax_fen"], asked["payout_fen"]) == (tax_fen, amount_fen - tax_fen)
        if number == 1:
            await anna.post(f"/withdrawals/{asked['withdrawal_no']}/cancel")
    mall.clock.advance(31 * DAY_S)
    await anna.log_in_again()
    assert (await previewed(anna, 80_000))["quote"]["tax_fen"] == 0


@pytest.mark.parametrize(
    ("amount_fen", "problem", "code"),
    [
        (499, "最少提现 5.00 元", "withdrawal_limit"),
        (8_001, "每天最多提现 80.00 元", "withdrawal_limit"),
        (7_001, "超出可提现余额", "balance_insufficient"),
    ],
)
async def test_a_problem_is_what_would_be_refused(mall: Mall, amount_fen: int, problem: str, code: str) -> None:
    await set_policy(mall, withdrawal_min_fen=500, withdrawal_day_fen=8_000)
    anna = await rich(mall, 7_000)
    said = await previewed(anna, amount_fen)
    assert (said["problem"], said["quote"]) == (problem, None)  # what would be refused promises no payout
    assert await anna.refused_post("/withdrawals", {"amount_fen": amount_fen}) == f"422 {code}"


async def test_what_was_asked_for_today_counts(mall: Mall) -> None:
    await set_policy(mall, withdrawal_day_count=2, withdrawal_day_fen=6_000)
    anna = await rich(mall)
    await ask(anna, 4_000)
    terms = await anna.get("/withdrawals/preview")
    assert (terms["most_fen"], terms["day_left_count"], terms["day_left_fen"]) == (2_000, 1, 2_000)
    await ask(anna, 1_000)
    terms = await previewed(anna, 1_000)
    assert (terms["most_fen"], terms["day_left_count"]) == (0, 0)
    assert terms["problem"] == "每天最多提现 2 次，明天再来吧"


async def test_the_most_is_never_what_fee_and_tax_would_refuse(mall: Mall) -> None:
    """10 fen are asked for, but a fee leaves 9 of them, which WeChat does not transfer."""
    await set_policy(mall, withdrawal_min_fen=10, withdrawal_fee_bp=1_000)
    anna = await rich(mall, 10)
    assert (await previewed(anna, 10))["most_fen"] == 0
    assert await anna.refused_post("/withdrawals", {"amount_fen": 10}) == "422 withdrawal_limit"
    bert = await rich(mall, 12)
    most_fen = (await previewed(bert, 12))["most_fen"]
    assert most_fen == 12
    asked = await bert.get(f"/withdrawals/{await ask(bert, most_fen)}")
    assert asked["payout_fen"] == 11
