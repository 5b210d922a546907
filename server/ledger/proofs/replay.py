"""One replay of the audit: rows streamed through the rule that decided them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec

from server.db import Connection
from server.ledger.proofs.scope import Scope
from server.rules.commissions import CommissionTerms
from server.rules.rebates import RuleTerms

Offender = dict[str, Any]
Judge = Callable[[str], Offender | None]
"""Says what is wrong with a row; None if nothing is. It gets the rows in the order of the query."""


@dataclass(frozen=True, slots=True)
class Known:
    """The terms of every version, and when it was published."""

    rules: Mapping[int, RuleTerms]
    commissions: Mapping[int, CommissionTerms]
    published: tuple[tuple[int, datetime], ...]
    """Versions of the commission policies, newest first."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One named check of rows, each by a rule.

    The query returns one JSON value a row. Its `$1` is the `$2` of a Proof.
    """

    name: str
    title: str
    sql: str
    scope: Scope
    judge: Callable[[Known], Judge]
    """Return the judge of one run of the query, which may remember the rows that came before."""


async def known(reader: Connection) -> Known:
    """Read the terms of all versions."""
    rules = await reader.fetch("SELECT version, terms FROM rule_versions")
    rows = await reader.fetch("SELECT version, terms, published_at FROM commission_versions ORDER BY version DESC")
    return Known(
        {row["version"]: terms for row in rules if (terms := _decoded(row["terms"], _rule_in)) is not None},
        {row["version"]: policies for row in rows if (policies := _decoded(row["terms"], _policy_in)) is not None},
        tuple((row["version"], row["published_at"]) for row in rows),
    )


_T = TypeVar("_T")
_rule_in = msgspec.json.Decoder(RuleTerms)
_policy_in = msgspec.json.Decoder(CommissionTerms)


def _decoded(text: str, decoder: msgspec.json.Decoder[_T]) -> _T | None:
    """Decode what the shop wrote once; None if somebody has changed it to what the shop would not write."""
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError:
        return None


_SHOWN = 200


def reading(decoder: msgspec.json.Decoder[_T], judge: Callable[[_T], Offender | None]) -> Judge:
    """Decode each row for the judge, and name a row that the shop would not have written."""

    def judge_row(row: str) -> Offender | None:
        one = _decoded(row, decoder)
        return {"undecodable": row[:_SHOWN]} if one is None else judge(one)

    return judge_row


def each(decoder: msgspec.json.Decoder[_T], judge: Callable[[Known, _T], Offender | None]) -> Callable[[Known], Judge]:
    """Judge each row by itself."""
    return lambda known: reading(decoder, partial(judge, known))
