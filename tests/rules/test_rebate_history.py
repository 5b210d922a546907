"""A rebate's stored history, repeated: it gives the same again, whatever happened and in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.rules import rebate_history as history
from server.rules.payout_caps import Gives
from server.rules.rebate_history import Closed, Event, FriendRefunded, Joined, Lost, OwnRefunded, Standing, prove
from server.rules.rebates import Candidate, Close, CycleFacts, LineNet, Qualified, RuleTerms, decide, parse_terms
from tests.rules.test_rebate_law import all_facts, all_terms, gives
from tests.support.waived import FREE

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def rule(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(FREE | fields))


STAGED = rule(stages_bp=[3_000, 3_000, 4_000], payout_cap_bp=5_000)
CAPPED = rule(payout_cap_bp=5_000)


def friend(number: int, net_fen: int = 20_000, **gives: int) -> Qualified:
    return Qualified(number, 100 + number, net_fen, NOW, Gives(**gives))


def own(*cash_fen: int) -> tuple[LineNet, ...]:
    return tuple(LineNet(position, 1, cash) for position, cash in enumerate(cash_fen, start=1))


def facts(*counted: Qualified, cash_fen: int = 30_000, **fields: Any) -> CycleFacts:
    order = Candidate(7, "T7", "normal", NOW - timedelta(days=1), own(cash_fen))
    return replace(CycleFacts(NOW, counted, None, (order,), None, 0, 0, 0), **fields)


THREE = (friend(1), friend(2), friend(3))


def proved(terms: RuleTerms, *events: Event) -> Standing:
    found = prove(terms, events)
    assert found is not None
    return found


def test_a_close_gives_what_decide_gives() -> None:
    found = proved(CAPPED, Closed(facts(*THREE)))
    close = decide(CAPPED, facts(*THREE))
    assert isinstance(close, Close)
    assert (found.order_id, found.whole_fen, found.stages_fen, found.steps) == (
        close.order_id,
        close.whole_fen,
        close.stage_fen,
        close.steps,
    )
    assert found.granted_fen == 30_000
    assert [one.order_id for one in found.friends] == [101, 102, 103]


@pytest.mark.parametrize(
    ("terms", "events"),
    [
        (CAPPED, []),
        (CAPPED, [FriendRefunded("R", 101, 1)]),
        (CAPPED, [Closed(facts(*THREE[:2]))]),
        (CAPPED, [Closed(facts(*THREE)), Closed(facts(*THREE))]),
        (CAPPED, [Closed(facts(*THREE)), Lost(101, "refund"), FriendRefunded("R", 102, 1)]),
        (CAPPED, [Closed(facts(*THREE)), Lost(101, "refund"), Closed(facts(*THREE))]),
        (
            rule(stages_bp=[3_000, 3_000, 4_000], budget_fen=9_000),
            [Closed(facts(THREE[0])), Joined(NOW, THREE[1], 9_000)],
        ),
    ],
)
def test_what_the_rule_would_not_do_is_not_proved(terms: RuleTerms, events: list[Event]) -> None:
    assert prove(terms, events) is None


def test_refunds_of_friends_shrink_the_cap_and_what_their_orders_give() -> None:
    """Each order of 20 000 allows 10 000, less commission 2 000 and points worth 1 000: 7 000, and half of it later."""
    counted = tuple(friend(n, commission_fen=2_000, points=2_000, points_per_fen=2) for n in (1, 2, 3))
    closed = Closed(facts(*counted))
    assert proved(CAPPED, closed).granted_fen == 21_000
    half = FriendRefunded("R1", 102, 10_000)
    assert proved(CAPPED, closed, half).stages_fen == (0, 0, 17_500)
    assert proved(CAPPED, closed, half, FriendRefunded("R2", 102, 1)).granted_fen == 14_000
    assert proved(CAPPED, closed, half).whole_fen == 17_500


def test_a_rebate_never_rises_again() -> None:
    """The first friend's order gives more than the cap allows, so refunding it alone would make room."""
    costly = friend(1, commission_fen=15_000)
    closed = Closed(facts(costly, friend(2), friend(3)))
    assert proved(CAPPED, closed).granted_fen == 15_000
    freed = FriendRefunded("R1", 101, 1)
    assert proved(CAPPED, closed, freed).granted_fen == 15_000
    assert proved(CAPPED, closed, freed, FriendRefunded("R2", 102, 10_000)).granted_fen == 15_000
    assert proved(CAPPED, closed, FriendRefunded("R2", 102, 10_000), freed).granted_fen == 10_000


def test_a_rebate_may_fall_to_nothing_and_stands() -> None:
    closed = Closed(facts(*THREE, cash_fen=100))
    poor: list[Event] = [FriendRefunded(f"R{n}", 100 + n, 0) for n in (1, 2, 3)]
    found = proved(CAPPED, closed, *poor)
    assert (found.whole_fen, found.stages_fen) == (0, (0, 0, 0))
    assert proved(CAPPED, closed, *poor, OwnRefunded("R4", own(50))).stages_fen == ()


def test_refunds_of_the_returned_order_give_what_the_rule_would_have_given() -> None:
    closed = Closed(facts(*THREE))
    assert proved(CAPPED, closed, OwnRefunded("R1", own(20_000))).stages_fen == (0, 0, 20_000)
    back = proved(CAPPED, closed, OwnRefunded("R1", own(0)))
    assert (back.granted_fen, back.whole_fen) == (0, 30_000)
    staged: list[Event] = [Closed(facts(THREE[0])), Joined(NOW, THREE[1], 0)]
    assert proved(STAGED, *staged).stages_fen == (9_000, 9_000)
    assert proved(STAGED, *staged, OwnRefunded("R1", own(20_000))).stages_fen == (9_000, 3_000)


def test_a_lost_friend_takes_the_last_stage_and_the_rest_fits_the_others() -> None:
    rich, poor = friend(1, 60_000), friend(2, 10_000)
    events: list[Event] = [Closed(facts(rich)), Joined(NOW, poor, 0)]
    assert proved(STAGED, *events).stages_fen == (9_000, 9_000)
    assert proved(STAGED, *events, Lost(102, "refund")).stages_fen == (9_000,)
    left = proved(STAGED, *events, Lost(101, "refund"))
    assert (left.stages_fen, left.whole_fen, [one.order_id for one in left.friends]) == ((5_000,), 30_000, [102])
    again = proved(STAGED, *events, Lost(101, "refund"), Joined(NOW, rich, 0))
    assert again.stages_fen == (5_000, 13_000)
    assert proved(STAGED, *events, Lost(101, "refund"), Lost(102, "review")).stages_fen == ()
    assert proved(CAPPED, Closed(facts(*THREE)), Lost(101, "review")).stages_fen == ()


@st.composite
def happened(draw: st.DrawFn, terms: RuleTerms, begun: CycleFacts) -> list[Event]:
    """Draw what happens to a rebate after its closing, as the shop would let it."""
    now = prove(terms, [Closed(begun)])
    events: list[Event] = [Closed(begun)]
    for step in range(draw(st.integers(0, 6))):
        if now is None or not now.stages_fen:
            break
        kinds = ["friend", "own", "lost"] + ["join"] * (2 if len(now.friends) < terms.required else 0)
        event: Event
        match draw(st.sampled_from(kinds)):
            case "friend":
                one = draw(st.sampled_from(now.friends))
                event = FriendRefunded(f"R{step}", one.order_id, draw(st.integers(1, max(1, one.net_fen))))
            case "own":
                lines = next(one.lines for one in begun.candidates if one.order_id == now.order_id)
                left = tuple(replace(line, net_cash_fen=draw(st.integers(0, line.net_cash_fen))) for line in lines)
                event = OwnRefunded(f"R{step}", left)
            case "lost":
                event = Lost(draw(st.sampled_from(now.friends)).order_id, "refund")
            case _:
                net = draw(st.integers(1, 10**6))
                event = Joined(NOW, Qualified(500 + step, 500 + step, net, NOW, draw(gives(net))), 0)
        then = prove(terms, [*events, event])
        if then is None:
            assert isinstance(event, Joined)
            continue
        now = then
        events.append(event)
    return events


@settings(max_examples=200)
@given(all_terms(), all_facts(month_granted_fen=0, budget_used_fen=0, live_cycles=0), st.data())
def test_stored_and_read_again_a_history_gives_the_same_within_every_limit(
    terms: RuleTerms, known: CycleFacts, data: st.DataObject
) -> None:
    counted = tuple(replace(one, order_net_fen=one.order_net_fen + 1) for one in known.counted)
    begun = replace(known, counted=counted[: 1 if terms.staged else terms.required])
    if not isinstance(decide(terms, replace(known, counted=counted)), Close):
        assert prove(terms, [Closed(begun)]) is None
        return
    events = data.draw(happened(terms, begun))
    read = history.read(history.write(*events))
    assert read == tuple(events)
    before: Standing | None = None
    for count in range(1, len(read) + 1):
        now = prove(terms, read[:count])
        assert now is not None
        assert now.friends == history.friends_of(read[:count])
        assert all(stage >= 0 for stage in now.stages_fen)
        assert now.granted_fen <= now.whole_fen
        joins = isinstance(read[count - 1], Joined | Closed)
        if before is not None and not joins:
            assert now.granted_fen <= before.granted_fen
            assert now.whole_fen <= before.whole_fen
        capped = terms.payout_cap_bp is not None and isinstance(read[count - 1], FriendRefunded)
        if capped and now.granted_fen:
            carried = sum(one.net_fen for one in now.friends) * (terms.payout_cap_bp or 0)
            assert (now.granted_fen + sum(one.given_fen for one in now.friends)) * 10_000 <= carried
        before = now


def test_a_history_that_says_more_or_other_is_refused() -> None:
    assert history.read("[]") == ()
    for stored in ('[{"event":"made_up"}]', '[{"event":"lost","order_id":1,"why":"x","more":1}]', "{}"):
        with pytest.raises(msgspec.ValidationError):
            history.read(stored)
