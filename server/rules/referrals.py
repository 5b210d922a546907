"""Who referred whom: when a binding is refused, which of several shares counts, and the chain that is recorded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from server.core import errors
from server.core.errors import Refusal

Mode = Literal["first_touch", "last_touch"]
Chain = tuple[int | None, int | None, int | None]
"""Referrer, the referrer's referrer, and the one above. All three are recorded, but only the first two can be paid."""

REFUSALS: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in (
        errors.ShareUnknown,
        errors.ShareDisabled,
        errors.BindSelf,
        errors.AlreadyBound,
        errors.ReferrerBlocked,
        errors.ReferralLoop,
        errors.HasPaidOrder,
        errors.HasDownline,
    )
}
"""The refusals of a binding by code, in the order of the checks."""

WAITS = "你有订单正在付款，推荐人要等付款完成或订单关闭后才能确定"
"""What a member is told while a binding waits. It promises nothing: WeChat may have taken the money before."""

_SCENE = re.compile(r"(?:.*&)?s=([0-9A-Z]{1,16})(?:&.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingFacts:
    """The facts that decide about a binding."""

    member_id: int
    referrer_id: int | None
    """The owner of the share; None when the share does not exist."""
    share_disabled: bool = False
    bound: bool = False
    """The member already has a referrer."""
    referrer_active: bool = True
    below: bool = False
    """The referrer is somewhere below the member."""
    has_paid: bool = False
    """The member has paid an order that counts, or came back after closing an account."""
    has_downline: bool = False


def decide_binding(facts: BindingFacts) -> type[Refusal] | None:
    """Return the first refusal that applies, in the order of `REFUSALS`; None when the binding may be made."""
    judged: tuple[tuple[type[Refusal], bool], ...] = (
        (errors.ShareUnknown, facts.referrer_id is None),
        (errors.ShareDisabled, facts.share_disabled),
        (errors.BindSelf, facts.referrer_id == facts.member_id),
        (errors.AlreadyBound, facts.bound),
        (errors.ReferrerBlocked, not facts.referrer_active),
        (errors.ReferralLoop, facts.below),
        (errors.HasPaidOrder, facts.has_paid),
        (errors.HasDownline, facts.has_downline),
    )
    return next((refusal for refusal, applies in judged if applies), None)


@dataclass(frozen=True, slots=True)
class Touched:
    """A share that a visitor opened."""

    code: str
    at: datetime


def attribute(touches: Sequence[Touched], own_code: str | None, mode: Mode, days: int, now: datetime) -> str | None:
    """Return the share code that counts at a login; None when there is none.

    `own_code` comes with the login itself and is the newest touch. Touches older than `days` do not count.
    """
    since = now - timedelta(days=days)
    counted = [touch.code for touch in sorted(touches, key=lambda touch: touch.at) if touch.at >= since]
    if own_code is not None:
        counted.append(own_code)
    if not counted:
        return None
    return counted[0] if mode == "first_touch" else counted[-1]


def code_of_scene(scene: str | int | None) -> str | None:
    """Return the share code of a poster's scene (`s=CODE`, plain or percent-encoded); None for WeChat's numbers."""
    if not isinstance(scene, str):
        return None
    found = _SCENE.fullmatch(scene.replace("%3D", "=").replace("%3d", "=").replace("%26", "&"))
    return found[1] if found else None


def chain_under(referrer_id: int, above: Chain) -> Chain:
    """Return the chain of a member referred by `referrer_id`, whose own chain is `above`."""
    return referrer_id, above[0], above[1]
