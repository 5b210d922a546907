import msgspec
from msgspec import UNSET, UnsetType

from server.services.common.changes import before_and_after, given, given_but


class Entry(msgspec.Struct):
    slug: str
    name: str | UnsetType = UNSET
    limit: int | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


class Row(msgspec.Struct):
    name: str = "旧"
    limit: int | None = 3
    active: bool = True
    untouched: int = 1


def test_what_is_given_is_all_but_what_is_left_out() -> None:
    entry = Entry("one", limit=None, active=False)
    assert given(entry) == {"slug": "one", "limit": None, "active": False}
    assert list(given(entry, "active", "name", "limit")) == ["active", "limit"]
    assert given_but(entry, ("slug", "active")) == {"limit": None}


def test_the_log_holds_only_what_differs() -> None:
    row = Row()
    assert before_and_after(row, {"limit": 3, "name": "新", "active": False}) == (
        {"name": "旧", "active": True},
        {"name": "新", "active": False},
    )
    assert before_and_after(row, {"limit": 3}) == ({}, {})
    assert before_and_after(row, {"limit": None}) == ({"limit": 3}, {"limit": None})


def test_a_new_thing_has_nothing_before() -> None:
    assert before_and_after(None, {"name": "新", "limit": None}) == ({}, {"name": "新", "limit": None})
