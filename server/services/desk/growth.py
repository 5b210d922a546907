"""Levels and growth as operators see them."""

from collections.abc import Sequence
from dataclasses import dataclass

from server import db
from server.rules import labels
from server.rules.levels import Level
from server.rules.operators import Permission
from server.services.common import cursors
from server.services.common.listings import Column, Key, Listing, choice, numbered, search
from server.services.terms import levels

GROWTH = Listing(
    name="growth",
    title="成长值明细",
    things="成长值记录",
    permission=Permission.MEMBERS_VIEW,
    select="g.id, g.member_id, g.kind, g.amount, g.why, g.operator, g.counts_at, g.at",
    source="growth_entries g",
    keys=(Key("g.id", cursors.Number),),
    columns=(
        Column("会员", "member_id", to="/admin/members/{member_id}"),
        Column("类型", "kind", "tag", words=labels.GROWTH_KINDS),
        Column("成长值", "amount", "number"),
        Column("原因", "why"),
        Column("操作员", "operator"),
        Column("计入时间", "counts_at", "when"),
        Column("记录时间", "at", "when"),
    ),
    filters=(search("#会员号", numbered("g.member_id")), choice("kind", "类型", "g.kind", labels.GROWTH_KINDS)),
    empty="还没有成长值记录",
)


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels in force, the number of members by position above the lowest, and the hash of this set of levels."""

    levels: Sequence[Level]
    members: dict[int, int]
    version: str


async def levels_now() -> Levels:
    """Return the levels as they are now. Raises Busy."""
    async with db.snapshot() as reader:
        known = await levels.read(reader)
        rows = await reader.fetch("SELECT position, count(*) AS members FROM member_levels GROUP BY position")
    return Levels(known, {row["position"]: row["members"] for row in rows}, levels.version(known))
