"""Members of a running mall, acting as their phones do: they log in through WeChat's sandbox."""

from dataclasses import dataclass
from typing import Any

import httpx

from server import db
from server.models import Member
from tests.support.mall import Mall


@dataclass
class Person:
    """A logged-in member."""

    mall: Mall
    openid: str
    token: str
    id: int
    share_code: str
    binding: dict[str, Any]
    is_new: bool

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make one call to `/api` with this member's token."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.mall.http.request(method, f"/api{path}", headers=headers, **options)


async def try_login(mall: Mall, openid: str, **more: Any) -> httpx.Response:
    """Try to log in with a fresh code; return any answer."""
    code = (await mall.control("code", openid=openid))["code"]
    return await mall.http.post("/api/login", json={"code": code, **more})


async def log_in(mall: Mall, openid: str, **more: Any) -> Person:
    """Log in; it must succeed."""
    answer = await try_login(mall, openid, **more)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    member = body["member"]
    return Person(mall, openid, body["token"], member["id"], member["share_code"], body["binding"], body["is_new"])


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


async def make_members(mall: Mall, count: int) -> list[int]:
    """Make members with home shares `S<id>` who never logged in; return their ids."""
    async with db.transaction() as tx:
        rows = await tx.fetch(
            "WITH born AS (INSERT INTO members (openid, nickname, avatar_url, share_code, state, created_at, seen_at)"
            " SELECT 'o-' || gen_random_uuid(), '', '', gen_random_uuid()::varchar(16), 'active', $2, $2"
            " FROM generate_series(1, $1) RETURNING id),"
            " home AS (INSERT INTO shares (code, member_id, kind, target, channel, disabled, created_at)"
            " SELECT 'S' || id, id, 'home', '', 'friend', false, $2 FROM born) SELECT id FROM born ORDER BY id",
            count,
            mall.clock.now(),
        )
    return [row["id"] for row in rows]


async def chain_of(member_id: int) -> list[int | None]:
    """Return the three ancestors in the member's row."""
    row = await Member.get(id=member_id)
    return [row.referrer_id, row.ancestor2_id, row.ancestor3_id]
