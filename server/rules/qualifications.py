"""有效推荐: where a referee's first order stands on its way to count for the referrer."""

from dataclasses import dataclass
from typing import Literal

from server.rules.rebates import RuleTerms


@dataclass(frozen=True, slots=True)
class Standing:
    """A qualification's state before it is consumed or void."""

    state: Literal["pending", "held", "counted"]
    held_for: Literal["referrer_blocked"] | None = None


PENDING = Standing("pending")


def waits(terms: RuleTerms, *, teaming: bool, received: bool) -> bool:
    """Whether the order still has to get somewhere first: its team together, or its goods to the buyer."""
    return teaming or (terms.qualify_at == "received" and not received)


def after_waiting(*, referrer_active: bool) -> Standing:
    """Where the qualification stands when its order waits for nothing. One of a blocked referrer is held."""
    return Standing("counted") if referrer_active else Standing("held", "referrer_blocked")
