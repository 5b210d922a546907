"""The audit of pages finds what it should find, and ignores what is intended."""

import pytest
from playwright.async_api import Browser

from tests.browser.visitor import Visitor

FINE = [
    '<p style="color:#63554c">普通文字</p>',
    '<p style="width:80px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis">以省略号结束的一行</p>',
    '<div style="width:200px;overflow-x:auto;white-space:nowrap">可以横向滚动的一长行文字，滚过去就能看见</div>',
    '<div style="height:40px;overflow-y:auto">第一行<br>第二行<br>第三行<br>第四行</div>',
    '<button style="width:44px;height:44px" aria-label="关闭"></button>',
    '<label style="display:block;padding:15px"><input type="checkbox"> 同意</label>',
    '<p style="font-size:26px;color:#8a8a8a">大号文字只要三比一</p>',
    '<div style="background:linear-gradient(#c8371f,#9e2a17);color:#fff">渐变上的白字</div>',
    '<button disabled style="color:#ddd;height:20px">不可用</button>',
    '<p hidden style="color:#eee">看不见的不算</p>',
]

WRONG = [
    (
        '<p style="width:80px;overflow:hidden;white-space:nowrap">这一行被切掉了，看不到</p>',
        "text is cut sideways",
    ),
    ('<div style="height:30px;overflow:hidden;line-height:24px">第一行<br>第二行</div>', "text is cut below"),
    (
        '<p style="white-space:nowrap;font-size:40px">伸出屏幕以外的一行字，一直伸出去</p>',
        "at the edge",
    ),
    ('<p style="color:#999">太浅的字</p>', "contrast 2.8"),
    ('<div style="opacity:.5">半透明的字</div>', "contrast"),
    ('<div style="background:linear-gradient(#c8371f,#ffd0c0);color:#fff">渐变浅处的白字</div>', "contrast"),
    ('<div role="button" style="width:100px;height:30px;color:#000">太小</div>', "too small to tap, 100 × 30 px"),
    ('<button style="width:44px;height:44px"></button>', "says nothing to who cannot see it"),
    ('<input style="width:200px;height:44px">', "says nothing to who cannot see it"),
]


async def audited(browser: Browser, html: str) -> list[str]:
    """Return the findings on a page with this content."""
    visitor = await Visitor.enter(browser, "", "sample")
    await visitor.page.set_content(f'<body style="margin:0"><div class="sample" style="background:#fff">{html}</div>')
    found = await visitor.audit()
    await visitor.context.close()
    return found


@pytest.mark.parametrize("html", FINE)
async def test_what_is_meant_passes(chromium: Browser, html: str) -> None:
    assert await audited(chromium, html) == []


@pytest.mark.parametrize(("html", "sentence"), WRONG)
async def test_what_is_wrong_is_found(chromium: Browser, html: str, sentence: str) -> None:
    [finding] = await audited(chromium, html)
    assert sentence in finding
