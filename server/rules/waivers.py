"""Waivers: the safe limits of the rebate rule that a version leaves, each with a reason that everybody may read."""

from typing import Literal

import msgspec

LEAST, MOST = 10, 200
"""The characters of a reason."""

Waiver = Literal["no_payout_cap", "early_release"]
WAIVERS: dict[Waiver, str] = {
    "no_payout_cap": "允许不设占好友订单实付的上限",
    "early_release": "允许观察期短于售后期",
}
"""What each waiver allows."""


class Waivers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The reasons for leaving a limit. None: the limit stays."""

    no_payout_cap: str | None = None
    """Needed for a rule without `payout_cap_bp`: friends could return nearly all they bought, and the rebate stays."""
    early_release: str | None = None
    """Needed for `observe_days` below the shop's `refund_days`: money is paid out while it may have to come back."""

    def reasons(self) -> dict[Waiver, str]:
        """Return the reasons that are given, by waiver."""
        found = {waiver: getattr(self, waiver) for waiver in WAIVERS}
        return {waiver: reason for waiver, reason in found.items() if reason is not None}


def problems(
    waivers: Waivers, *, payout_cap_bp: int | None, observe_days: int, refund_days: int
) -> list[tuple[str, str]]:
    """Return what is missing, too short or too long, as (field, sentence for the operator)."""
    needs: dict[Waiver, str] = {}
    if payout_cap_bp is None:
        needs["no_payout_cap"] = "不设占好友订单实付的上限（payout_cap_bp）"
    if observe_days < refund_days:
        needs["early_release"] = f"收货后观察期（observe_days）{observe_days} 天，短于售后期 {refund_days} 天"
    given = waivers.reasons()
    found = [
        (f"waivers.{waiver}", f"{what}，须在 waivers.{waiver} 写明理由（{LEAST} 到 {MOST} 个字）")
        for waiver, what in needs.items()
        if waiver not in given
    ]
    found += [
        (f"waivers.{waiver}", f"waivers.{waiver} 的理由须有 {LEAST} 到 {MOST} 个字")
        for waiver, reason in given.items()
        if not LEAST <= len(reason.strip()) <= MOST
    ]
    return found
