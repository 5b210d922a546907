"""The H5 shop as the server delivers it."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.mall import Mall
from tests.support.people import error_of

PAGE = '<!doctype html><html><head><meta name="tuisan" content=""></head><body></body></html>'
SCRIPT = "console.log('你好')\n" * 200


@pytest.fixture
def shop(tmp_path: Path, swap: Any) -> Path:
    """Return a built shop of a few files."""
    folder = tmp_path / "h5"
    (folder / "assets" / "tabs").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "secret.txt").write_text("not an asset")
    (folder / "assets" / "main.3fa9c1d2.js").write_text(SCRIPT)
    (folder / "assets" / "main-K2JX5QPA.css").write_text("a{}")
    (folder / "assets" / "main-K2JX5QPA.css.br").write_bytes(b"smaller")
    (folder / "assets" / "tabs" / "home.png").write_bytes(b"\x89PNG")
    (folder / "assets" / "tab-category.png").write_bytes(b"\x89PNG")
    (folder / "assets" / "notes.xyz").write_bytes(b"?")
    swap(h5_dir=folder)
    return folder


async def test_the_page_is_told_where_it_runs_and_asked_for_each_time(mall: Mall, shop: Path, swap: Any) -> None:
    answer = await mall.http.get("/h5/")
    assert answer.status_code == 200
    assert '<meta name="tuisan" content="development">' in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy  # default-src applies to scripts: none inline, none evaluated
    again = await mall.http.get("/h5/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    swap(h5_dir=shop, sandbox_control_url="")
    assert '<meta name="tuisan" content="production">' in (await mall.http.get("/h5/")).text


async def test_a_rebuilt_shop_is_served_at_once(mall: Mall, shop: Path) -> None:
    before = (await mall.http.get("/h5/")).headers["etag"]
    (shop / "index.html").write_text(PAGE + "<!-- new -->")
    os.utime(shop / "index.html", (1, 1))
    after = await mall.http.get("/h5/", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert "new" in after.text


async def test_hashed_files_are_kept_forever_and_sent_small(mall: Mall, shop: Path) -> None:
    packed = await mall.http.get("/h5/assets/main.3fa9c1d2.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.text == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT) // 10
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["vary"] == "Accept-Encoding"
    plain = await mall.http.get("/h5/assets/main.3fa9c1d2.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT


async def test_a_form_that_the_builder_packed_is_preferred(mall: Mall, shop: Path) -> None:
    async with mall.http.stream("GET", "/h5/assets/main-K2JX5QPA.css", headers={"Accept-Encoding": "gzip, br"}) as got:
        assert got.headers["content-encoding"] == "br"
        assert b"".join([part async for part in got.aiter_raw()]) == b"smaller"
    async with mall.http.stream("GET", "/h5/assets/main-K2JX5QPA.css", headers={"Accept-Encoding": "gzip"}) as got:
        assert gzip.decompress(b"".join([part async for part in got.aiter_raw()])) == b"a{}"


async def test_other_files(mall: Mall, shop: Path) -> None:
    picture = await mall.http.get("/h5/assets/tabs/home.png")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/png", "no-cache")
    assert (await mall.http.get("/h5/assets/tab-category.png")).headers["cache-control"] == "no-cache"
    assert (await mall.http.get("/h5/assets/notes.xyz")).headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "name", ["none.js", "tabs", "../index.html", "%2e%2e/secret.txt", "..%2fsecret.txt", "a%00b", "//x"]
)
async def test_nothing_else_is_served(mall: Mall, shop: Path, name: str) -> None:
    status, code = error_of(await mall.http.get(f"/h5/assets/{name}"))
    assert (status, code) in {(404, "not_found"), (400, "bad_request")}


async def test_the_bare_address_leads_to_the_shop(mall: Mall, shop: Path) -> None:
    for path, place in (("/", "/h5/"), ("/h5", "/h5/"), ("/h5?from=a", "/h5/?from=a")):
        answer = await mall.http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, place)


async def test_a_shop_that_is_not_built_says_how(mall: Mall, tmp_path: Path, swap: Any) -> None:
    for folder in (None, tmp_path / "nowhere"):
        swap(h5_dir=folder)
        answer = await mall.http.get("/h5/")
        assert answer.status_code == 200
        assert "node scripts/h5/build.mjs" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert error_of(await mall.http.get("/")) == (404, "not_found")
        assert error_of(await mall.http.get("/h5/assets/main.js")) == (404, "not_found")
