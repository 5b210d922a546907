"""A stocked shop and people who are logged in to it, over HTTP."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from server.services import catalogue_apply
from tests.support.mall import Mall


@dataclass
class Shopper:
    """A member with a token; requests go to `/api` of the mall."""

    mall: Mall
    headers: dict[str, str]
    member: dict[str, Any]
    refusals: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A raw answer."""
        content = None if body is None else json.dumps(body)
        return await self.mall.http.request(method, f"/api{path}", content=content, headers={**self.headers, **headers})

    async def get(self, path: str) -> Any:
        """What a reading call gives."""
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def do(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """What an acting call gives."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> str:
        """The status and code of a refusal, as `422 stock_insufficient`."""
        answer = await self.ask(method, path, body, **headers)
        return f"{answer.status_code} {answer.json()['error']['code']}"


async def shopper(mall: Mall, openid: str = "o-first") -> Shopper:
    """Logs in, the first time as a new member."""
    code = (await mall.control("code", openid=openid))["code"]
    answer = await mall.http.post("/api/login", json={"code": code})
    assert answer.status_code == 200, answer.text
    given = answer.json()
    return Shopper(mall, {"Authorization": f"Bearer {given['token']}"}, given["member"])


CATEGORIES = [
    {"slug": "beauty", "name": "美妆个护"},
    {"slug": "face", "name": "面部护理", "parent": "beauty"},
    {"slug": "baby", "name": "母婴"},
]


def product(slug: str, title: str, price_fen: int = 5900, **more: Any) -> dict[str, Any]:
    """One product with one SKU of 100 pieces, unless `more` says otherwise."""
    sku = {"code": f"{slug}-1", "price_fen": price_fen, "stock_add": 100, "alert_at": 10}
    return {"slug": slug, "category": "face", "title": title, "images": [f"/media/{slug}.webp"], "skus": [sku], **more}


async def stock(mall: Mall, *products: dict[str, Any], categories: list[dict[str, Any]] | None = None) -> None:
    """Apply products, with the test's categories."""
    text = json.dumps({"categories": CATEGORIES if categories is None else categories, "products": products})
    await catalogue_apply.apply(mall.deps, text, "cli")
