"""Terms of the rebate rule without the safe limits, for tests that are about something else."""

from typing import Any

FREE: dict[str, Any] = {
    "payout_cap_bp": None,
    "waivers": {"no_payout_cap": "测试只看别的规则，不设上限", "early_release": "测试只看别的规则，不等观察期"},
}
