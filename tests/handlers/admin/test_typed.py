"""Small parts of forms and pages: what could not be read is left out, and every value has words."""

from datetime import UTC, date, datetime

import pytest

from server.core.errors import BadRequest
from server.handlers.admin import typed
from server.panel import pages
from server.services.desk import notices
from server.services.desk.notices import TemplateTerms
from tests.support.mall import Mall


def test_what_could_not_be_read_is_left_out() -> None:
    entry = {"skus": [{"code": "a", "price": "x"}], "tags": ["x"]}
    typed._leave_out(entry, "skus[0].price")
    typed._leave_out(entry, "tags[0]")
    assert entry == {"skus": [{"code": "a"}], "tags": ["x"]}


def test_a_value_is_readable_text() -> None:
    when = datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert [pages._text(one) for one in (when, date(2026, 12, 1), "字", ["a"])] == [
        "2026-12-01 00:00:00",
        "2026-12-01",
        "字",
        '["a"]',
    ]


async def test_a_message_shows_only_values_that_it_has(mall: Mall) -> None:
    terms = TemplateTerms("t" * 20, "标题", "pages/home/index", {"thing1": "nothing"})
    with pytest.raises(BadRequest) as refused:
        await notices.change(mall.deps, "qualified", terms, "测试", "tester")
    assert refused.value.detail == {"field": "fields", "problem": "没有“nothing”，可用：name、progress"}
