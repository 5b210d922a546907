"""What happened to a rebate, stored with it, and what the rule gives after each event.

Cycles and reversals move money to what `opened` and `after` return. `prove` repeats the whole history with the same
functions, so that it can be checked at any time whether a rebate is what its rule gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from server.rules.payout_caps import Gives
from server.rules.rebates import (
    Close,
    CycleFacts,
    Join,
    LineNet,
    OpenRebate,
    Qualified,
    RuleTerms,
    Step,
    decide,
    granted,
    reduced,
    stage_total,
)
from server.rules.take_backs import take_from_stages


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event"):
    """One thing that happened to a rebate."""


class Closed(_Event, frozen=True, tag="closed"):
    """Its cycle closed (with stages: opened). `facts.counted` has only the qualifications that it consumed."""

    facts: CycleFacts


class Joined(_Event, frozen=True, tag="joined"):
    """A further qualification joined a staged rebate."""

    at: datetime
    qualified: Qualified
    budget_used_fen: int
    """Budget used by the rule version before."""


class FriendRefunded(_Event, frozen=True, tag="friend_refunded"):
    """A part of a qualifying order was refunded, and the order still qualifies."""

    refund_no: str
    order_id: int
    net_fen: int
    """Net cash that is left of the whole order."""


class OwnRefunded(_Event, frozen=True, tag="own_refunded"):
    """The returned order was refunded, in part or whole."""

    refund_no: str
    lines: tuple[LineNet, ...]
    """Net cash that is left of each line."""


class Lost(_Event, frozen=True, tag="lost"):
    """A qualification became void."""

    order_id: int
    why: str


Event = Closed | Joined | FriendRefunded | OwnRefunded | Lost

_STORED = msgspec.json.Decoder(tuple[Event, ...])


def read(stored: str | bytes) -> tuple[Event, ...]:
    """Decode the column `rebates.history`. Raises msgspec.ValidationError."""
    return _STORED.decode(stored)


def write(*events: Event) -> str:
    """Encode events for the column `rebates.history`, to which they are appended."""
    return msgspec.json.encode(events).decode()


@dataclass(frozen=True, slots=True)
class Friend:
    """A qualifying order that a rebate has consumed."""

    order_id: int
    base_fen: int
    """Its net cash when it joined."""
    gives: Gives
    """What else it gave then."""
    net_fen: int
    """Its net cash now."""

    @classmethod
    def of(cls, joining: Qualified) -> "Friend":
        """Return the order of a qualification that joins now."""
        return cls(joining.order_id, joining.order_net_fen, joining.gives, joining.order_net_fen)

    @property
    def given_fen(self) -> int:
        """What else it gives now."""
        return self.gives.left(self.base_fen, self.net_fen).fen


def friends_of(history: Sequence[Event]) -> tuple[Friend, ...]:
    """Return the qualifying orders that a rebate has now, in the order in which they joined."""
    found: dict[int, Friend] = {}
    for event in history:
        match event:
            case Closed():
                found |= {one.order_id: Friend.of(one) for one in event.facts.counted}
            case Joined():
                found[event.qualified.order_id] = Friend.of(event.qualified)
            case FriendRefunded():
                found[event.order_id] = replace(found[event.order_id], net_fen=event.net_fen)
            case Lost():
                del found[event.order_id]
    return tuple(found.values())


def carried(terms: RuleTerms, whole_fen: int, friends: Sequence[Friend]) -> int:
    """Return what is granted of a rebate with these qualifying orders."""
    return granted(terms, whole_fen, [one.net_fen for one in friends], sum(one.given_fen for one in friends))


def opened(whole_fen: int, granted_fen: int, friends: Sequence[Friend], rebate_id: int = 0) -> OpenRebate:
    """Return a staged rebate as `decide` takes it."""
    nets = tuple(one.net_fen for one in friends)
    return OpenRebate(rebate_id, whole_fen, granted_fen, nets, sum(one.given_fen for one in friends))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule gives now."""

    order_id: int
    """The returned order."""
    whole_fen: int
    """What the full cycle returns."""
    stages_fen: tuple[int, ...]
    """The live stages, first to last. None is left of a rebate that was reversed."""
    friends: tuple[Friend, ...]
    steps: tuple[Step, ...] = ()
    """The calculation at closing."""

    @property
    def granted_fen(self) -> int:
        """The sum of its stages."""
        return sum(self.stages_fen)


def closed(terms: RuleTerms, facts: CycleFacts) -> Standing | None:
    """Return what closing a cycle gives; None if the rule does not close it."""
    close = decide(terms, facts)
    if not isinstance(close, Close):
        return None
    friends = tuple(Friend.of(one) for one in facts.counted[: len(close.qualification_ids)])
    return Standing(close.order_id, close.whole_fen, close.stage_fen, friends, close.steps)


def joined(terms: RuleTerms, now: Standing, event: Joined) -> Standing | None:
    """Return what another qualification adds; None if the rule does not let it join."""
    facts = CycleFacts(
        now=event.at,
        counted=(event.qualified,),
        open_rebate=opened(now.whole_fen, now.granted_fen, now.friends),
        candidates=(),
        chosen_order_id=None,
        live_cycles=0,
        month_granted_fen=0,
        budget_used_fen=event.budget_used_fen,
    )
    join = decide(terms, facts)
    if not isinstance(join, Join):
        return None
    friends = (*now.friends, Friend.of(event.qualified))
    return replace(now, stages_fen=(*now.stages_fen, join.stage_fen), friends=friends)


def friend_refunded(terms: RuleTerms, now: Standing, event: FriendRefunded) -> Standing:
    """Return what is left when a qualifying order shrank: the payout cap applies again, and nothing ever rises."""
    friends = tuple(
        replace(one, net_fen=event.net_fen) if one.order_id == event.order_id else one for one in now.friends
    )
    fallen_fen = max(0, now.granted_fen - carried(terms, now.whole_fen, friends))
    return replace(
        now,
        # A staged rebate may still grant its whole when more friends join.
        whole_fen=now.whole_fen if terms.staged else now.whole_fen - fallen_fen,
        stages_fen=tuple(take_from_stages(now.stages_fen, fallen_fen)),
        friends=friends,
    )


def own_refunded(terms: RuleTerms, now: Standing, event: OwnRefunded) -> Standing:
    """Return what is left when the returned order shrank: what the rule would have given for the rest of it."""
    whole_fen = reduced(terms, now.whole_fen, event.lines)
    if whole_fen == 0:
        return replace(now, stages_fen=())
    excess_fen = max(0, now.granted_fen - stage_total(terms, whole_fen, len(now.stages_fen)))
    return replace(now, whole_fen=whole_fen, stages_fen=tuple(take_from_stages(now.stages_fen, excess_fen)))


def lost(terms: RuleTerms, now: Standing, event: Lost) -> Standing:
    """Return what is left without a qualification: nothing, or without the last stage if some came in stages.

    The stages that stay are reduced where the orders of the other friends do not cover them.
    """
    friends = tuple(one for one in now.friends if one.order_id != event.order_id)
    if not terms.staged or len(now.stages_fen) == 1:
        return replace(now, stages_fen=(), friends=friends)
    kept = now.stages_fen[:-1]
    beyond_fen = max(0, sum(kept) - carried(terms, now.whole_fen, friends))
    return replace(now, stages_fen=tuple(take_from_stages(kept, beyond_fen)), friends=friends)


def prove(terms: RuleTerms, history: Sequence[Event]) -> Standing | None:
    """Return what the rule gives after this history; None if the rule would not have let it happen.

    A history begins with the closing; after a reversal nothing can happen.
    """
    now: Standing | None = None
    for place, event in enumerate(history):
        if isinstance(event, Closed):
            now = closed(terms, event.facts) if place == 0 else None
        elif now is not None:
            now = _after(terms, now, event) if now.stages_fen else None
    return now


def _after(terms: RuleTerms, now: Standing, event: Joined | FriendRefunded | OwnRefunded | Lost) -> Standing | None:
    match event:
        case Joined():
            return joined(terms, now, event)
        case FriendRefunded():
            return friend_refunded(terms, now, event)
        case OwnRefunded():
            return own_refunded(terms, now, event)
        case _:
            return lost(terms, now, event)
