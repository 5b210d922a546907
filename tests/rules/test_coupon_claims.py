"""Who may claim when, and whose birthday it is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from server.rules.coupon_claims import Audience, Claimer, Terms, birthdays, refusal

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def terms(
    since: datetime | None = None,
    until: datetime | None = None,
    ends_at: datetime | None = None,
    audience: Audience = "all",
    left: int | None = None,
) -> Terms:
    return Terms(since, until, ends_at, audience, None, 2, left)


ANYBODY = Claimer(new=False, birth_month=False, level=0, claimed=0)
NEW = Claimer(new=True, birth_month=False, level=0, claimed=0)
CELEBRATING = Claimer(new=False, birth_month=True, level=0, claimed=0)
FULL = Claimer(new=True, birth_month=True, level=0, claimed=2)


@pytest.mark.parametrize(
    ("offered", "who", "expected"),
    [
        (terms(), ANYBODY, None),
        (terms(), None, None),
        (terms(since=NOW), ANYBODY, None),
        (terms(since=NOW + TICK), ANYBODY, ("coupon_closed", "not_started")),
        (terms(until=NOW + TICK), ANYBODY, None),
        (terms(until=NOW), ANYBODY, ("coupon_closed", "ended")),
        (terms(ends_at=NOW), None, ("coupon_closed", "ended")),
        (terms(audience="new"), NEW, None),
        (terms(audience="new"), None, None),
        (terms(audience="new"), ANYBODY, ("not_for_you", "new")),
        (terms(audience="birthday"), CELEBRATING, None),
        (terms(audience="birthday"), NEW, ("not_for_you", "birthday")),
        (terms(left=0), FULL, ("coupon_limit", None)),
        (terms(left=0), ANYBODY, ("coupon_sold_out", None)),
        (terms(left=0), None, ("coupon_sold_out", None)),
        (terms(left=1), ANYBODY, None),
    ],
)
def test_who_may_claim_when(offered: Terms, who: Claimer | None, expected: tuple[str, str | None] | None) -> None:
    found = refusal(offered, who, NOW)
    assert (found and (found.code, found.detail.get("reason"))) == expected


@pytest.mark.parametrize("level", [1, 3])
def test_a_level_is_asked_for_first(level: int) -> None:
    asked = Terms(None, None, None, "new", (1, 3), 2, None)
    assert refusal(asked, Claimer(new=True, birth_month=False, level=level, claimed=0), NOW) is None
    found = refusal(asked, Claimer(new=False, birth_month=False, level=2, claimed=0), NOW)
    assert found
    assert found.detail["reason"] == "level"


def test_those_of_29_february_celebrate_every_year_once() -> None:
    assert birthdays(date(2026, 2, 28)) == ((2, 28), (2, 29))
    assert birthdays(date(2028, 2, 28)) == ((2, 28),)
    assert birthdays(date(2028, 2, 29)) == ((2, 29),)
    assert birthdays(date(2100, 2, 28)) == ((2, 28), (2, 29))
    assert birthdays(date(2000, 2, 28)) == ((2, 28),)
    assert birthdays(date(2026, 12, 1)) == ((12, 1),)
