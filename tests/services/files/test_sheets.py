"""XLSX files: what is written can be read again, formulas stay texts, zip bombs and broken files are refused."""

import io
import zipfile
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook, load_workbook

from server.core.errors import SheetInvalid
from server.services.files.sheets import SheetWriter, Yuan, read_rows


def written(*rows: tuple[object, ...]) -> bytes:
    with SheetWriter("表", ["甲", "乙", "丙"], [10, 20, 30]) as writer:
        writer.append(rows)
        return writer.finished()


def test_values_keep_their_kind() -> None:
    at = datetime(2026, 1, 1, 17, 0, 0, 999, tzinfo=UTC)
    book = load_workbook(io.BytesIO(written((Yuan(123456), at, None), (-5, Yuan(-1), "文字\x0b"))))
    assert [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=2)] == [
        [1234.56, datetime(2026, 1, 2, 1, 0, 0), None],  # noqa: DTZ001 - times in XLSX files have no zone
        [-5, -0.01, "文字"],
    ]
    assert book.worksheets[0].freeze_panes == "A2"
    assert book.worksheets[0]["A2"].number_format == "#,##0.00"


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", '=HYPERLINK("http://x")', "-1"])
def test_what_somebody_typed_is_never_a_formula(text: str) -> None:
    sheet = load_workbook(io.BytesIO(written((text, "", "")))).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].data_type) == (text, "s")


def test_rows_are_read_with_their_lines() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["订单号", "公司", "运单"])
    sheet.append([" T1 ", "SF", 1234567890123.0])
    sheet.append([None, None, None])
    sheet.append(["T2", None, datetime(2026, 1, 2, 3, 4, 5)])  # noqa: DTZ001 - as Excel stores it
    sheet.append(["T3", 1.5, 1e17])
    into = io.BytesIO()
    book.save(into)
    assert read_rows(into.getvalue(), 3, 10) == [
        (2, ["T1", "SF", "1234567890123"]),
        (4, ["T2", "", "2026-01-02 03:04:05"]),
        (5, ["T3", "1.5", "100000000000000000"]),
    ]
    with pytest.raises(SheetInvalid) as refused:
        read_rows(into.getvalue(), 3, 2)
    assert "2 行" in refused.value.detail["problem"]


def zipped(**files: str) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return into.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\x03\x04",
        b"order_no,company\nT1,SF\n",
        zipped(readme="x"),
        zipped(**{"[Content_Types].xml": "<Types", "xl/workbook.xml": "<"}),
        zipped(bomb="0" * (21 * 1024 * 1024)),
    ],
    ids=["empty", "torn", "text", "zip", "broken", "bomb"],
)
def test_what_is_no_sheet_is_refused(body: bytes) -> None:
    with pytest.raises(SheetInvalid):
        read_rows(body, 3, 10)
