"""Every page of app.json: how to open it, what it shows, and what it says when there is nothing to show."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from scripts.lint.parts import pages
from tests.browser.life import Life
from tests.browser.visitor import ROOT

Query = Callable[[Life], str]


@dataclass(frozen=True)
class Route:
    """A page and the texts that tests look for on it."""

    path: str
    shows: tuple[str, ...]
    """Texts for the member who has used every feature."""
    empty: tuple[str, ...] = ()
    """Texts for a new member."""
    query: Query = lambda _life: ""
    newcomer: Query | None = None
    """The query for a new member, if it is different."""
    blank: str = ""
    """Calls that are answered with an empty list for the new member."""
    reads: bool = True
    """Whether the page loads data, so that loading can fail."""

    @property
    def name(self) -> str:
        """Return the name for tests and screenshots: `order-detail`."""
        return self.path.replace("packages/", "").replace("/pages/", "-").removeprefix("pages/").removesuffix("/index")

    def url(self, life: Life) -> str:
        """Return the page's address for the member who has used every feature."""
        return self._at(self.query, life)

    def newcomers_url(self, life: Life) -> str:
        """Return the page's address for a new member."""
        return self._at(self.newcomer or self.query, life)

    def _at(self, query: Query, life: Life) -> str:
        said = query(life)
        return f"{self.path}?{said}" if said else self.path


def _order(state: str) -> Query:
    return lambda life: f"order_no={life.orders[state]}"


PRODUCTS = "**/api/products?*"

ROUTES = (
    Route("pages/index/index", ("大家在买", "包邮", "看规则"), ("商品正在上架",), blank=PRODUCTS),
    Route("pages/category/index", ("搜索好物", "全部"), ("这一类还没有商品",), blank=PRODUCTS),
    Route("pages/referral/index", ("位好友已计入", "会返回哪一单", "我的返还"), ("这样开始", "去分享")),
    Route("pages/cart/index", ("合计", "去结算"), ("购物车还是空的", "去逛逛")),
    Route("pages/mine/index", ("我的订单", "可用余额"), ("我的订单", "还没有绑定手机号")),
    Route(
        "pages/search/index",
        ("筛选", "价格"),
        ("没有找到",),
        query=lambda _life: "q=%E5%A5%B6%E7%B2%89",
        newcomer=lambda _life: "q=%E6%B2%A1%E6%9C%89%E7%9A%84%E4%B8%9C%E8%A5%BF",
    ),
    Route(
        "pages/product/index",
        ("商品详情", "立即购买"),
        ("这件商品已经下架了",),
        query=lambda life: f"id={life.product}",
        newcomer=lambda _life: "id=99999999",
    ),
    Route(
        "packages/order/pages/confirm/index",
        ("提交订单", "价格怎么来的", "用余额抵扣"),
        ("提交订单", "添加收货地址"),
        query=lambda life: f"items={life.sku}x1",
    ),
    Route("packages/order/pages/result/index", ("查看订单", "回首页"), query=_order("paid")),
    Route(
        "packages/marketing/pages/groups/index", ("去开团", "3 人团"), ("还没有拼团活动",), blank="**/api/group-buys"
    ),
    Route(
        "packages/marketing/pages/team/index",
        ("还差 2 人成团", "邀请好友参团", "团长"),
        ("没有找到这个团", "看看拼团"),
        query=lambda life: f"team_no={life.team}",
        newcomer=lambda _life: "team_no=G0",
    ),
    Route("packages/order/pages/list/index", ("待付款", "待发货"), ("还没有订单", "去逛逛")),
    Route("packages/order/pages/detail/index", ("订单编号", "SF1234567890"), query=_order("shipped")),
    Route("packages/order/pages/refund/index", ("退哪些商品", "提交申请"), query=_order("paid")),
    Route("packages/member/pages/profile/index", ("昵称", "手机号"), ("昵称", "未绑定")),
    Route("packages/member/pages/addresses/index", ("收货人", "新增地址"), ("还没有收货地址",)),
    Route(
        "packages/member/pages/address-edit/index",
        ("地区", "删除这个地址"),
        ("使用微信里的地址",),
        query=lambda life: f"id={life.address}",
        newcomer=lambda _life: "",
    ),
    Route("packages/member/pages/coupons/index", ("可用", "去使用"), ("还没有可用的优惠券", "去领券中心看看")),
    Route("packages/member/pages/service/index", ("在线客服", "服务时间")),
    Route("packages/member/pages/account/index", ("退出登录", "我们保存了什么")),
    Route("packages/member/pages/sessions/index", ("这台设备", "最多同时在 5 台设备上登录")),
    Route("packages/member/pages/agreement/index", ("隐私",), query=lambda _life: "key=privacy"),
    Route("packages/referral/pages/share/index", ("选要分享的", "发给好友")),
    Route("packages/referral/pages/rebates/index", ("已到账",), ("还没有返还",)),
    Route(
        "packages/referral/pages/rebate/index",
        ("怎么算出来的", "谁计入了这一轮"),
        query=lambda life: f"id={life.rebate}",
    ),
    Route("packages/referral/pages/rules/index", ("怎样参加", "完整规则")),
    Route("packages/referral/pages/downline/index", ("你直接推荐的好友",), ("还没有推荐的好友",)),
    Route("packages/referral/pages/returnable/index", ("参与返还",), ("还没有可返还的订单",)),
    Route("packages/wallet/pages/wallet/index", ("可用余额", "最近明细"), ("钱包还没有进出",)),
    Route("packages/wallet/pages/statement/index", ("返还", "收入", "导出"), ("没有明细",)),
    Route(
        "packages/wallet/pages/withdraw/index", ("可提现余额", "提现说明", "全部"), ("可提现余额", "佣金到账后可以提现")
    ),
    Route(
        "packages/wallet/pages/withdrawals/index", ("已到账", "需要你确认收款", "未通过"), ("还没有提现", "看看钱包")
    ),
    Route(
        "packages/wallet/pages/withdrawal/index",
        ("走到哪一步", "确认收款", "取消提现"),
        query=lambda life: f"no={life.withdrawal}",
    ),
    Route("packages/wallet/pages/commissions/index", ("已到账", "冻结中", "好友的订单"), ("还没有佣金", "去分享")),
    Route(
        "packages/wallet/pages/commission/index",
        ("怎么算出来的", "全店策略", "已到账，可以提现"),
        query=lambda life: f"id={life.commission}",
    ),
    Route(
        "packages/marketing/pages/coupon-center/index",
        ("美妆八五折", "看看我的券"),
        ("现在没有可以领的券",),
        blank="**/api/coupon-templates",
    ),
    Route(
        "packages/marketing/pages/coupon-goods/index",
        ("可用于",),
        ("这张券的商品都下架了",),
        query=lambda life: f"id={life.coupon}&name=%E7%BE%8E%E5%A6%86",
        newcomer=lambda life: f"id={life.coupon}",
        blank="**/api/coupons/*/products?*",
    ),
    Route(
        "packages/marketing/pages/flash/index",
        ("开业秒杀", "马上抢", "距结束"),
        ("今天还没有秒杀", "去逛逛"),
        blank="**/api/flash-sales",
    ),
    Route(
        "packages/marketing/pages/points-mall/index",
        ("我的积分", "影音会员月卡", "积分"),
        ("积分商城还在备货", "去逛逛"),
        blank="**/api/points/goods",
    ),
    Route(
        "packages/marketing/pages/level/index",
        ("普通会员", "升级为银卡会员", "积分解冻到账"),
        ("普通会员", "还没有积分记录", "签到 +5"),
    ),
)


def listed() -> set[str]:
    """Return the routes in app.json."""
    return set(pages(json.loads((ROOT / "miniprogram" / "app.json").read_text(encoding="utf-8"))))
