"""Reads a submitted form field by field, and reports all mistakes at once, each at its field."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec

from server.core import money
from server.core.clock import SHANGHAI
from server.core.errors import FileInvalid, FormInvalid
from server.handlers.admin.forms import REASON_CHARS
from server.handlers.admin.screen import Visit
from server.rules.approvals import DocumentAct
from server.services.desk import approvals

_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_STEP = re.compile(r"(\w+)|\[(\d+)\]")
_INDEX = re.compile(r"\[\d+\]$")
"""The place of one item in a list that the form has as one field."""
_NUMBERED = re.compile(r"(skus|items|levels)\[(\d+)\]")
_NUMBERED_LABELS = {"skus": " SKU", "items": "商品", "levels": "等级"}
_FEN_MOST = 10**9


_NOWHERE: Mapping[str, str] = {}


def _moved(name: str, places: Mapping[str, str]) -> str:
    """Return the name of a field as the other side has it."""
    for here, there in places.items():
        if name == here or name.startswith((f"{here}.", f"{here}[")):
            return there + name[len(here) :]
    return name


def _leave_out(entry: dict[str, Any], path: str) -> None:
    """Take what could not be read out of the entry, so that nothing else is said about it."""
    held: Any = entry
    *steps, last = _STEP.findall(path)
    for name, index in steps:
        held = held[int(index)] if index else held.get(name, {})
    if isinstance(held, dict):
        held.pop(last[0], None)


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

    async def submit(
        self,
        visit: Visit,
        act: type[DocumentAct],
        kind: str,
        entry: dict[str, Any],
        reason: str = "",
        places: Mapping[str, str] = _NOWHERE,
    ) -> None:
        """Let the act judge the entry, and do it if neither it nor the form has mistakes.

        Raises FormInvalid; Awaiting if the act needs a second operator.
        All mistakes are told at once. `kind` is the entry's list in the document. `places` says where the entry has
        what the form has elsewhere: `{"skus[3]": "skus[0]"}` for the fourth row, if the others are empty.
        """
        wrong = set[str]()
        for name in [one["field"] for one in self._problems]:
            path = _moved(name, places)
            wrong.add(f"$.{kind}[0].{path}")
            _leave_out(entry, path)
        with self.judged({path: name for name, path in places.items()}):
            wanted = act(document=msgspec.json.encode({kind: [entry]}).decode(), reason=reason)
            if wrong:
                await approvals.judge(visit.deps, wanted, wrong)
            else:
                await approvals.submit(visit.deps, visit.asker, wanted)

    @contextmanager
    def judged(self, places: Mapping[str, str] = _NOWHERE) -> Iterator[None]:
        """Move the mistakes that the block finds in an entry to the fields of the form. Raises FormInvalid.

        `places` says which part of the form an entry's part comes from, where their names differ.
        """
        try:
            yield
        except FileInvalid as refused:
            for one in refused.detail["problems"]:
                name = _moved(one["path"].partition("].")[2], places)
                self.note(name if _NUMBERED.fullmatch(name) else _INDEX.sub("", name), one["problem"])
            raise FormInvalid(problems=self._problems) from refused

    def _label(self, name: str) -> str:
        label = self._labels.get(name.rpartition(".")[2], "")
        row = _NUMBERED.match(name)
        return f"第 {int(row[2]) + 1} 个{_NUMBERED_LABELS[row[1]]} {label}".rstrip() if row else label
