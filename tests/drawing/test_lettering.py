"""Chinese text on pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.drawing.lettering import fitting_size, initial, lines_of, width

TITLE = "秦岭土蜂蜜 500g 一年一取，自然成熟的好蜂蜜"


def test_lines_are_broken_between_characters_but_not_in_numbers() -> None:
    lines = lines_of(TITLE, 40, 290, 5)
    assert "".join(lines).replace(" ", "") == TITLE.replace(" ", "")
    assert all(width(line, 40) <= 290 + 40 for line in lines)
    assert any("500g" in line for line in lines)
    assert not any(line[0] in "，。 " for line in lines)


def test_what_does_not_fit_ends_in_dots() -> None:
    (line,) = lines_of(TITLE, 40, 300, 1)
    assert line.endswith("…")
    assert width(line, 40) <= 300
    assert lines_of(TITLE, 40, 2000, 1) == [TITLE]
    assert lines_of("  ", 40, 100, 2) == []


def test_no_character_stands_alone_on_the_last_line() -> None:
    assert lines_of("一二三四五六七八九十", 40, 370, 2) == ["一二三四五六七", "八九十"]
    assert lines_of("一二三四五六七八九十一二三四五六七八九", 40, 370, 2)[-1].endswith("…")
    assert lines_of("W" * 30, 40, 300, 9)[0] != ""


@given(st.text(max_size=40), st.integers(60, 400), st.integers(1, 3))
def test_no_text_breaks_out(text: str, room: int, most: int) -> None:
    lines = lines_of(text, 30, room, most)
    assert len(lines) <= most
    assert all(width(line.rstrip("，。、；：！？）》」』】”’…%～·"), 30) <= room for line in lines)


def test_a_size_that_fits() -> None:
    assert fitting_size("四个字的", (50, 40, 30), 165) == 40
    assert fitting_size("四个字的", (50, 40), 10) == 40


@pytest.mark.parametrize(("name", "shown"), [("小明", "小"), ("Anna", "A"), ("😀脸", "友"), ("", "友")])
def test_an_initial_is_one_that_the_typeface_has(name: str, shown: str) -> None:
    assert initial(name) == shown
