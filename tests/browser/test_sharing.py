"""Cards, links and posters: a person who opens one arrives with the sharer's code."""

import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from server.rules.operators import Role
from tests.browser.conftest import Admit, Enter, Shop
from tests.browser.life import goods
from tests.browser.test_promises import plain_sku
from tests.support.late import opened
from tests.support.shop import join, work


@pytest.fixture
async def product(shop: Shop) -> dict[str, str]:
    """Return a product: its id and title."""
    found = (await goods(shop.mall))[0]
    return {"id": str(found["id"]), "title": found["title"]}


async def test_a_poster_is_downloaded_and_its_code_reads_back(
    visitor: Enter, shop: Shop, product: dict[str, str], tmp_path: Path
) -> None:
    sharer = await visitor("sharer")
    await sharer.open(f"packages/referral/pages/share/index?id={product['id']}")
    await sharer.sees("选要分享的", product["title"])
    await sharer.tap("生成海报")
    await sharer.page.get_by_role("img", name=re.compile("海报")).wait_for()
    await sharer.looks("share-poster")
    await sharer.tap("保存到相册")
    await sharer.sees("查看《隐私政策》")
    await sharer.looks("privacy")
    async with sharer.page.expect_download() as downloading:
        await sharer.tap("同意", exact=True)
    download = await downloading.value
    picture = tmp_path / download.suggested_filename
    await download.save_as(picture)
    [code] = zxingcpp.read_barcodes(Image.open(picture))
    carried = re.search(r"s(?:=|%3D)(\w+)", code.text)
    assert carried, code.text
    landing = (await shop.mall.http.get(f"/api/shares/{carried[1]}")).json()
    assert (landing["kind"], landing["target_id"]) == ("product", product["id"])

    finder = await visitor("finder")
    await finder.open(f"pages/index/index?scene=s%3D{carried[1]}")
    await finder.stand("pages/product/index")
    await finder.sees(product["title"], "欢迎！你是通过")


async def test_a_link_binds_and_greets_who_comes_by_it(visitor: Enter, shop: Shop, product: dict[str, str]) -> None:
    sharer = await join(shop.mall, openid="h5-linking")
    card = await sharer.post("/shares", {"kind": "product", "target_id": product["id"], "channel": "friend"})
    friend = await visitor("friend")
    await friend.open(card["path"])
    await friend.sees("欢迎！你是通过", product["title"])
    await friend.shot("share-welcome")
    await friend.tap("知道了")
    await friend.misses("欢迎！你是通过")
    assert (await sharer.get("/me/referral"))["downline"]["level1"] == 1
    results = (await sharer.get("/shares"))["items"]
    assert [(one["opened"], one["visitors"], one["bound"]) for one in results] == [(1, 1, 1)]

    me = await visitor("me", openid="h5-linking")
    await me.open("packages/referral/pages/share/index")
    await me.tap("效果")
    await me.sees(product["title"], "成为好友")
    await me.looks("share-results")


async def test_nobody_is_greeted_by_their_own_link(visitor: Enter, shop: Shop) -> None:
    me = await visitor("own")
    await me.open("packages/referral/pages/share/index")
    await me.sees("发给好友")
    await me.tap("发给好友")
    link = await me.sheet.locator("p").inner_text()
    await me.follow(link)
    await me.sees("大家在买")
    await me.misses("欢迎！你是通过")


async def test_a_link_that_leads_nowhere_leads_home(visitor: Enter) -> None:
    lost = await visitor("lost")
    lost.expected.append("404")
    await lost.open("pages/index/index?s=nothing1")
    await lost.sees("大家在买")
    await lost.open("pages/no/such/page")
    await lost.sees("大家在买")


async def test_a_link_opened_while_an_order_is_being_paid_promises_nothing_until_that_is_decided(
    visitor: Enter, panel: Admit, shop: Shop, product: dict[str, str]
) -> None:
    """The welcome, the member's page and the centre say what is waited for; then the centre names the referrer.

    Operators see who it would be, and the order.
    """
    said = "你有订单正在付款，推荐人要等付款完成或订单关闭后才能确定"
    sharer, buyer = [await join(shop.mall, openid=openid) for openid in ("h5-patient", "h5-paying")]
    order_no = await opened(buyer, await plain_sku(5_000))
    card = await sharer.post("/shares", {"kind": "product", "target_id": product["id"], "channel": "friend"})
    me = await visitor("paying")
    await me.open(card["path"])
    await me.sees(said, product["title"])
    await me.misses("欢迎！")
    await me.looks("binding-waits-welcome")
    await me.tap("知道了")
    await me.misses(said)
    await me.open("pages/mine/index")
    await me.sees(said)
    await me.looks("binding-waits-mine")
    await me.tap(said, "link")
    await me.stand("packages/order/pages/list/index")
    await me.open("pages/referral/index")
    await me.sees(said)
    await me.misses("我的推荐人")
    await me.looks("binding-waits-centre")
    operator = await panel(Role.OWNER, "binder")
    found = []
    for page in ("", "/binding"):
        await operator.open(f"/members/{buyer.id}{page}")
        await operator.sees("等待决定的绑定", f"#{sharer.id}", f"订单 {order_no}")
        found += await operator.looks(f"binding-waits{page.replace('/', '-')}")
    assert not found, "\n".join(found)

    await shop.mall.control("pay", out_trade_no=order_no)
    await work(shop.mall)
    await me.open("pages/mine/index")
    await me.sees("我的订单")
    await me.misses(said)
    await me.open("pages/referral/index")
    await me.sees("我的推荐人")
