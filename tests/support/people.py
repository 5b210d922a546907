"""Members of a running mall, as their phones act: logged in through WeChat's sandbox."""

from dataclasses import dataclass
from typing import Any

import httpx

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
        """One call to `/api` with this member's token."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.mall.http.request(method, f"/api{path}", headers=headers, **options)


async def try_login(mall: Mall, openid: str, **more: Any) -> httpx.Response:
    """A login with a fresh code, whatever comes of it."""
    code = (await mall.control("code", openid=openid))["code"]
    return await mall.http.post("/api/login", json={"code": code, **more})


async def log_in(mall: Mall, openid: str, **more: Any) -> Person:
    """A login that succeeds."""
    answer = await try_login(mall, openid, **more)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    member = body["member"]
    return Person(mall, openid, body["token"], member["id"], member["share_code"], body["binding"], body["is_new"])


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]
