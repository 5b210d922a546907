"""Settings of the whole shop: periods, freight, attribution, name, service, banners; limits.py has those of operators.

Stored as one row; a missing field has its default.
"""

from typing import Annotated, Literal

import msgspec

from server.rules.limits import OperatorLimits

_DAYS = msgspec.Meta(ge=1, le=365)
_AMOUNT = msgspec.Meta(ge=0, le=10**9)
WITHDRAWAL_LEAST_FEN = 10
"""WeChat does not transfer less."""
WITHDRAWAL_FEE_MOST_BP = 1_000
ALONE = frozenset(
    {
        *("name", "slogan", "company", "service_hours", "service_phone", "banners", "order_minutes"),
        *("max_unpaid_orders", "max_unpaid_pieces", "transfer_scene_id", "transfer_reports"),
    }
)
"""The settings that an operator may change alone: they move neither money nor goods. All others need two."""


class Banner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture at the top of the home page. `link` is a page of the mini program."""

    image_url: Annotated[str, msgspec.Meta(pattern=r"^(/|https://)", max_length=400)]
    title: Annotated[str, msgspec.Meta(max_length=40)]
    subtitle: Annotated[str, msgspec.Meta(max_length=60)]
    link: Annotated[str, msgspec.Meta(pattern=r"^/(pages|packages)/", max_length=200)]


class ShopPolicy(OperatorLimits, frozen=True, forbid_unknown_fields=True):
    """The settings that an operator may change for the whole shop."""

    order_minutes: Annotated[int, msgspec.Meta(ge=2, le=7 * 24 * 60)] = 15
    """How long an unpaid order holds its stock."""
    max_unpaid_orders: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 5
    """The most unpaid orders of one member: unpaid goods are kept from everybody else for free."""
    max_unpaid_pieces: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 20
    """The most pieces of one SKU in the unpaid orders of one member."""
    receive_days: Annotated[int, _DAYS] = 10
    """An order counts as received automatically this many days after shipping."""
    refund_days: Annotated[int, _DAYS] = 7
    """Days after receipt in which a member may ask for a refund; then the order is completed."""
    refund_decide_days: Annotated[int, _DAYS] = 7
    """Days in which an operator decides about a refund. Then `refund_default` decides; after half of them comes an
    alarm."""
    refund_default: Literal["grant", "reject"] = "grant"
    """What happens to a refund that nobody decided."""
    return_to: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Receiver of returned goods, with phone and address; the proposed value when an operator accepts a return."""
    freight_fen: Annotated[int, _AMOUNT] = 800
    free_from_fen: Annotated[int, _AMOUNT] = 9900
    """Delivery is free for goods worth this much or more after discounts."""
    points_per_fen: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    """How many points pay one fen of an order."""
    points_most_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 5_000
    """The most that points may pay, as a part of the price of an order's goods."""
    points_per_yuan: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """Points for each yuan of a received order's net cash; 0: orders bring no points."""
    points_months: Annotated[int, msgspec.Meta(ge=1, le=60)] = 12
    """Points expire at the end of the month, this many months after they became available."""
    check_in_points: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """Points for a daily check-in; 0: no check-in."""
    check_in_week_points: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """Extra points on every seventh day in a row."""
    growth_per_yuan: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1
    """Growth for each yuan of a completed order's net cash."""
    growth_per_referral: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 50
    """Growth for each friend whose first order counts and is completed."""
    attribution: Literal["first_touch", "last_touch"] = "first_touch"
    attribution_days: Annotated[int, _DAYS] = 30
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = "推三返一商城"
    slogan: Annotated[str, msgspec.Meta(max_length=40)] = "好东西，值得分享给朋友"
    company: Annotated[str, msgspec.Meta(max_length=60)] = ""
    """The company that runs the shop, named in the agreements; the shop's name when empty."""
    service_hours: Annotated[str, msgspec.Meta(max_length=40)] = "每天 9:00–21:00"
    service_phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{5,20}$")] | None = None
    banners: Annotated[tuple[Banner, ...], msgspec.Meta(max_length=8)] = ()
    withdrawal_min_fen: Annotated[int, msgspec.Meta(ge=WITHDRAWAL_LEAST_FEN, le=10**9)] = 100
    withdrawal_day_count: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    withdrawal_day_fen: Annotated[int, _AMOUNT] = 2_000_000
    withdrawal_fee_bp: Annotated[int, msgspec.Meta(ge=0, le=WITHDRAWAL_FEE_MOST_BP)] = 0
    withdrawal_withholding: Literal["none", "labour_remuneration"] = "none"
    """Withheld from a withdrawal: nothing, or monthly income tax as on 劳务报酬."""
    withdrawal_name_from_fen: Annotated[int, msgspec.Meta(ge=30, le=200_000)] = 200_000
    """Payouts of this amount or more need the member's real name: WeChat requires it from 2000 yuan."""
    withdrawal_auto_below_fen: Annotated[int, _AMOUNT] = 0
    """Withdrawals below this amount are approved automatically; 0: an operator decides about each."""
    withdrawal_second_from_fen: Annotated[int, _AMOUNT] = 1_000_000
    """Withdrawals of this amount or more need two operators."""
    transfer_scene_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}$")] = "1005"
    """The transfer scene that WeChat granted to the merchant (商家转账, 转账场景); 1005 is 佣金报酬."""
    transfer_reports: Annotated[
        dict[Annotated[str, msgspec.Meta(max_length=15)], Annotated[str, msgspec.Meta(max_length=32)]],
        msgspec.Meta(min_length=1, max_length=5),
    ] = msgspec.field(default_factory=lambda: {"岗位类型": "推广员", "报酬说明": "推荐好友所得"})
    """The rows that the report of the transfer scene needs, as the merchant's console lists them."""
