"""有效推荐: the state of a referee's first order before it counts for the referrer."""

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
    """Whether the order must wait: for its team to succeed, or for the buyer to receive the goods."""
    return teaming or (terms.qualify_at == "received" and not received)


def after_waiting(*, referrer_active: bool) -> Standing:
    """Return the state of a qualification whose order waits for nothing. A blocked referrer's qualification is held."""
    return Standing("counted") if referrer_active else Standing("held", "referrer_blocked")
