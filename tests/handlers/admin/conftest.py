"""Operators in their browsers: each has a session, and sends forms with the token from the page."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from server import db
from server.gateways.transport import client
from server.rules.operators import Role
from server.services.operators import accounts as operator_accounts
from tests.support.mall import Mall

PASSWORD = "persimmon-and-cream"


@dataclass
class Desk:
    """One operator's browser."""

    mall: Mall
    http: httpx.AsyncClient
    name: str
    password: str

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(f"/admin{path}", params=query or None)

    async def log_in(self) -> httpx.Response:
        return await self.http.post("/admin/login", data={"name": self.name, "password": self.password})

    async def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.get("/account/password")).text)
        assert found
        return found[1]

    async def post(self, path: str, **form: Any) -> httpx.Response:
        return await self.http.post(f"/admin{path}", data={"csrf": await self.csrf(), **form})


@pytest.fixture
async def desks(mall: Mall) -> AsyncIterator[Any]:
    """Yield a function that creates an operator and opens their browser, logged in by default."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: Role = Role.OWNER, name: str | None = None, *, log_in: bool = True) -> Desk:
        name = name or f"{role}-op"
        password = await operator_accounts.create(mall.deps, name, role, "cli", must_change=False)
        desk = Desk(mall, browser(mall, opened), name, password)
        if log_in:
            assert (await desk.log_in()).status_code == 303
        return desk

    yield make
    for http in opened:
        await http.aclose()


def browser(mall: Mall, opened: list[httpx.AsyncClient]) -> httpx.AsyncClient:
    http = client(mall.base_url, 30)
    opened.append(http)
    return http


async def actions() -> list[str]:
    """Return the actions in the audit log, oldest first."""
    return [row["action"] for row in await db.fetch("SELECT action FROM audit_log ORDER BY id")]


async def send(desk: Desk, path: str, form: dict[str, Any], file: bytes | None = None) -> httpx.Response:
    """Send a form, optionally with a file."""
    data = {"csrf": await desk.csrf(), **form}
    files = None if file is None else {"file": ("f", file)}
    return await desk.http.post(f"/admin{path}", data=data, files=files)


async def last_record() -> dict[str, Any]:
    """Return the newest record of the audit log."""
    row = await db.fetch_row("SELECT * FROM audit_log ORDER BY id DESC LIMIT 1")
    assert row is not None
    return {**row, "detail": orjson.loads(row["detail"])}
