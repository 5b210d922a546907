"""The results of shares, and the page that each of them opens."""

from datetime import datetime

import msgspec

from server import db
from server.core import errors
from server.rules.members import masked_name
from server.services.common import cursors
from server.services.referrals import share_pictures
from server.services.referrals.shares import page_of


class ShareResult(msgspec.Struct):
    """One of the member's shares. `ordered` counts the members bound by it who have paid for an order."""

    share_code: str
    kind: str
    target_id: str
    title: str
    image_url: str
    channel: str
    path: str
    created_at: datetime
    opened: int
    visitors: int
    bound: int
    ordered: int


class Landing(msgspec.Struct):
    """Where a share leads, and whose it is; the name is masked."""

    kind: str
    target_id: str
    path: str
    title: str
    sharer: str


class _Opened(msgspec.Struct, frozen=True):
    """A share that was opened, as `_MINE` counts it; `title` and `images` are None where nothing has one."""

    id: int
    code: str
    kind: str
    target: str
    channel: str
    created_at: datetime
    title: str | None
    images: list[str] | None
    opened: int
    visitors: int
    bound: int
    ordered: int


_MINE = f"""
WITH bound AS (
  SELECT b.share_code, count(*) AS bound, count(m.first_paid_at) AS ordered
    FROM members m JOIN bindings b ON b.member_id = m.id AND b.valid_to IS NULL
    WHERE m.referrer_id = $1 GROUP BY b.share_code)
SELECT s.id, s.code, s.kind, s.target, s.channel, s.created_at, COALESCE(p.title, f.name) AS title, p.images,
    t.opened, t.visitors, COALESCE(b.bound, 0) AS bound, COALESCE(b.ordered, 0) AS ordered
  FROM shares s {share_pictures.TARGETS} LEFT JOIN bound b ON b.share_code = s.code CROSS JOIN LATERAL (
    SELECT count(*) AS opened, count(DISTINCT visitor_id) AS visitors FROM touches WHERE share_id = s.id) t
  WHERE s.member_id = $1 AND (t.opened > 0 OR b.bound > 0) AND ($2::bigint IS NULL OR s.id < $2)
  ORDER BY s.id DESC LIMIT $3
"""  # noqa: S608 - our own text


async def mine(member_id: int, cursor: str | None, limit: int) -> tuple[list[ShareResult], str | None]:
    """List the member's own shares that were opened, newest first, and the next page's cursor.

    Shares that nobody opened are left out: cards are made ahead, whether they are sent or not. Raises BadRequest for a
    bad cursor.
    """
    before = cursors.unpack(cursor, cursors.Number) if cursor else None
    rows = await db.fetch(_MINE, member_id, before, limit + 1)
    home = await share_pictures.home_title(), await share_pictures.home_card_url()
    shares = [db.typed(row, _Opened) for row in rows[:limit]]
    found = [_result(share, *home) for share in shares]
    return found, cursors.pack(shares[-1].id) if len(rows) > limit else None


def _result(share: _Opened, home_title: str, home_image: str) -> ShareResult:
    return ShareResult(
        share_code=share.code,
        kind=share.kind,
        target_id=share.target,
        title=share.title or home_title,
        image_url=next(iter(share.images or ()), home_image),
        channel=share.channel,
        path=f"{page_of(share.kind, share.target)}s={share.code}",
        created_at=share.created_at,
        opened=share.opened,
        visitors=share.visitors,
        bound=share.bound,
        ordered=share.ordered,
    )


async def landing(share_code: str) -> Landing:
    """Find the page that a share opens. Raises NotFound, ShareDisabled."""
    row = await db.fetch_row(
        f"SELECT s.kind, s.target, s.disabled, m.nickname, COALESCE(p.title, f.name) AS title FROM shares s"  # noqa: S608 - our own text
        f" JOIN members m ON m.id = s.member_id {share_pictures.TARGETS} WHERE s.code = $1",
        share_code,
    )
    if row is None:
        raise errors.NotFound
    if row["disabled"]:
        raise errors.ShareDisabled
    return Landing(
        kind=row["kind"],
        target_id=row["target"],
        path=f"{page_of(row['kind'], row['target'])}s={share_code}",
        title=row["title"] or await share_pictures.home_title(),
        sharer=masked_name(row["nickname"]),
    )
