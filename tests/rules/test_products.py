import pytest

from server.rules.products import spec_text


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, ""),
        ({"颜色": "红"}, "颜色：红"),
        ({"颜色": "红", "规格": "500ml"}, "颜色：红；规格：500ml"),
    ],
)
def test_a_spec_reads_as_in_a_form(spec: dict[str, str], text: str) -> None:
    assert spec_text(spec) == text
