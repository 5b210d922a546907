"""XLSX files: written row by row, and read with a limit on the unpacked size."""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from server.core.clock import SHANGHAI
from server.core.errors import SheetInvalid

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNPACKED_MOST = 20 * 1024 * 1024
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML cannot contain."""
_CELL_MOST = 32_767
_WHEN, _YUAN = "yyyy-mm-dd hh:mm:ss", "#,##0.00"


class Yuan(int):
    """An amount in fen that a file shows as a number in yuan."""


class SheetWriter:
    """One sheet with a header, written row by row to a temporary file, not to memory.

    It is a context manager: the temporary file is deleted at the end of the block.
    """

    def __init__(self, title: str, header: Sequence[str], widths: Sequence[int] = ()) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        for n, width in enumerate(widths, 1):
            self._sheet.column_dimensions[get_column_letter(n)].width = width
        self._sheet.append([self._cell(text, bold=True) for text in header])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._sheet.closed:
            self._sheet.close()
            self._sheet._writer.cleanup()  # noqa: SLF001 - openpyxl deletes it only when saving

    def append(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows of texts, integers, `Yuan`, times (shown in Shanghai time) and None."""
        for row in rows:
            self._sheet.append([self._cell(value) for value in row])

    def finished(self) -> bytes:
        """Return the file; no row can be added afterwards."""
        into = io.BytesIO()
        self._book.save(into)
        return into.getvalue()

    def _cell(self, value: object, *, bold: bool = False) -> Any:  # noqa: ANN401 - openpyxl's cell or a plain value
        if isinstance(value, Yuan):
            return self._formed(Decimal(value).scaleb(-2), _YUAN)
        if isinstance(value, datetime):
            return self._formed(value.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0), _WHEN)
        if value is None or isinstance(value, int):
            return value
        cell = WriteOnlyCell(self._sheet, _CONTROLS.sub("", str(value))[:_CELL_MOST])
        cell.data_type = "s"  # also if it begins with "=": typed text must never become a formula
        if bold:
            cell.font, cell.alignment = Font(bold=True), Alignment(vertical="center")
        return cell

    def _formed(self, value: Any, form: str) -> Any:  # noqa: ANN401 - openpyxl takes and gives what it likes
        cell = WriteOnlyCell(self._sheet, value)
        cell.number_format = form
        return cell


def read_rows(body: bytes, columns: int, most: int) -> list[tuple[int, list[str]]]:
    """Return the non-empty rows below the header of the first sheet: their line and `columns` trimmed texts.

    Whole numbers are read as they look (`12`, not `12.0`). Raises SheetInvalid (no XLSX, unpacks to too much, more than
    `most` rows).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(one.file_size for one in packed.infolist()) > _UNPACKED_MOST:
                raise SheetInvalid(problem="文件解压后过大")
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        found = list[tuple[int, list[str]]]()
        for line, cells in enumerate(sheet.iter_rows(min_row=2, max_col=columns, values_only=True), 2):
            texts = [_text(value) for value in cells]
            if any(texts):
                found.append((line, texts + [""] * (columns - len(texts))))
            if len(found) > most:
                raise SheetInvalid(problem=f"一次最多 {most} 行")
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError, EOFError, SyntaxError, TypeError) as error:
        raise SheetInvalid(problem="不是可读取的 XLSX 文件") from error
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value).strip()
