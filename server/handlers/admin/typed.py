"""Reads a submitted form field by field, and reports all mistakes at once, each at its field."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from server.core import money
from server.core.clock import SHANGHAI
from server.core.errors import FileInvalid, FormInvalid
from server.handlers.admin.forms import REASON_CHARS

_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_NUMBERED = re.compile(r"(skus|items|levels)\[(\d+)\]")
_NUMBERED_LABELS = {"skus": " SKU", "items": "商品", "levels": "等级"}
_FEN_MOST = 10**9


class Typed:
    """A form and the mistakes found so far. `labels` gives a field's label by the last part of its name."""

    def __init__(self, form: Mapping[str, str], labels: Mapping[str, str]) -> None:
        self.form = form
        self._labels = labels
        self._problems: list[dict[str, Any]] = []

    def text(self, name: str) -> str:
        """Return the text, trimmed and with LF line breaks; empty when the field is missing."""
        return self.form.get(name, "").replace("\r\n", "\n").strip()

    def flag(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return name in self.form

    def whole(self, name: str) -> int | None:
        """Return a whole number; None when empty or wrong."""
        if not (text := self.text(name)):
            return None
        if _WHOLE.fullmatch(text):
            return int(text)
        self.note(name, "请填写整数")
        return None

    def fen(self, name: str, least_fen: int = 1) -> int | None:
        """Return an amount typed in yuan, as fen; None when empty or wrong."""
        if not (text := self.text(name)):
            return None
        try:
            amount_fen = money.fen(text)
        except ValueError:
            self.note(name, "请填写金额，单位元，最多两位小数，例如 39.90")
            return None
        if least_fen <= amount_fen <= _FEN_MOST:
            return amount_fen
        self.note(name, f"金额应在 {money.yuan(least_fen)} 到 {money.yuan(_FEN_MOST)} 元之间")
        return None

    def moment(self, name: str) -> datetime | None:
        """Return a time in Shanghai, typed as `<input type="datetime-local">` sends it; None when empty or wrong."""
        if not (text := self.text(name)):
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
        except ValueError:
            self.note(name, "请填写日期和时间，例如 2026-01-01T20:00")
            return None

    def need(self, *names: str) -> None:
        """Note a mistake for each of these fields that is empty."""
        for name in names:
            if not self.text(name):
                self.note(name, "请填写")

    def reason(self, *, needed: bool) -> str:
        """Return the reason, which goes into the log."""
        if needed:
            self.need("reason")
        if len(self.text("reason")) > REASON_CHARS:
            self.note("reason", f"最多 {REASON_CHARS} 个字")
        return self.text("reason")

    def note(self, name: str, problem: str) -> None:
        """Note one mistake."""
        self._problems.append({"field": name, "label": self._label(name), "problem": problem})

    def check(self) -> None:
        """Raise FormInvalid with all mistakes so far, if there are any."""
        if self._problems:
            raise FormInvalid(problems=self._problems)

    @contextmanager
    def judged(self, listed: str = "", rows: Sequence[int] = ()) -> Iterator[None]:
        """Check the form, then let the block apply its entry, and move the mistakes found there to the form's fields.

        `rows` are the form's rows that make the entry's list `listed`, in its order. Raises FormInvalid.
        """
        self.check()
        named = {f"{listed}[{place}]": f"{listed}[{row}]" for place, row in enumerate(rows)}
        try:
            yield
        except FileInvalid as refused:
            for one in refused.detail["problems"]:
                _, *parts = one["path"].removeprefix("$.").split(".")
                within = [named.get(part, part) for part in parts]
                self.note(".".join(within if listed else within[-1:]), one["problem"])
            raise FormInvalid(problems=self._problems) from refused

    def _label(self, name: str) -> str:
        label = self._labels.get(name.rpartition(".")[2], "")
        row = _NUMBERED.match(name)
        return f"第 {int(row[2]) + 1} 个{_NUMBERED_LABELS[row[1]]} {label}".rstrip() if row else label
