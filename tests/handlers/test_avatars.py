"""Avatars sent by phones."""

import io
from typing import Any

import pytest
from PIL import Image

from server.services.members import avatars
from tests.support.mall import Mall
from tests.support.people import Person, error_of, log_in


def photo(kind: str = "JPEG", side: int = 400) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((side, side // 2), 40).convert("RGB").save(out, kind)
    return out.getvalue()


def kept(mall: Mall) -> list[str]:
    assert mall.deps.media_dir
    return sorted(path.name for path in mall.deps.media_dir.glob("avatar-*"))


async def upload(person: Person, body: bytes) -> Any:
    return await person.call("POST", "/me/avatar", content=body, headers={"Content-Type": "image/jpeg"})


async def test_a_photo_becomes_the_avatar(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    answer = await anna.call("POST", "/me/avatar", files={"file": ("a.jpg", photo(), "image/jpeg")})
    first = answer.json()["avatar_url"]
    served = await mall.http.get(first)
    assert served.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(served.content)).size == (256, 256)
    second = (await upload(anna, photo("PNG", 200))).json()["avatar_url"]
    assert second != first
    assert kept(mall) == [second.removeprefix("/media/")]
    assert (await anna.call("GET", "/me")).json()["avatar_url"] == second
    away = await anna.call("PATCH", "/me", json={"avatar_url": "https://thirdwx.qlogo.cn/1"})
    assert away.json()["avatar_url"] == "https://thirdwx.qlogo.cn/1"


@pytest.mark.parametrize("body", [b"", b"<svg/>", b"GIF89a", photo()[:300]])
async def test_what_is_no_picture(mall: Mall, body: bytes) -> None:
    anna = await log_in(mall, "o-anna")
    assert error_of(await upload(anna, body)) == (422, "picture_invalid")
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert error_of(await anna.call("POST", "/me/avatar", content=b"--x\r\nnonsense", headers=broken)) == (
        422,
        "picture_invalid",
    )
    assert kept(mall) == []


async def test_too_large_too_often_and_by_nobody(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await log_in(mall, "o-anna")
    assert error_of(await upload(anna, b"x" * (avatars.MOST_BYTES + 1))) == (413, "too_large")
    assert error_of(await mall.http.post("/api/me/avatar", content=photo())) == (401, "not_logged_in")
    monkeypatch.setattr(avatars, "_PER_MEMBER", 2)
    statuses = [(await upload(anna, photo())).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_a_shop_without_files_takes_none(mall: Mall, swap: Any) -> None:
    anna = await log_in(mall, "o-anna")
    swap(media_dir=None)
    assert error_of(await upload(anna, photo())) == (404, "not_found")
