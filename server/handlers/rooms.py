"""The list of rooms the application serves."""

from sanic import Blueprint

from server.handlers.admin import (
    account,
    categories,
    commission_policies,
    coupon_issues,
    entrance,
    freight,
    goods,
    group_buys,
    home,
    house,
    ledger,
    levels,
    lists,
    members,
    points_goods,
    reconciliation,
    rules,
    stacking,
    staff,
)
from server.handlers.admin import approvals as approval_desk
from server.handlers.admin import coupons as coupon_desk
from server.handlers.admin import flash_sales as flash_desk
from server.handlers.admin import orders as order_desk
from server.handlers.admin import rebates as rebate_screens
from server.handlers.admin import withdrawals as withdrawal_desk
from server.handlers.endpoint import Room
from server.handlers.ops import h5, health, media, sandbox
from server.handlers.shop import (
    addresses,
    cart,
    catalogue,
    commissions,
    coupons,
    flash_sales,
    login,
    me,
    notices,
    open_links,
    orders,
    points,
    rebates,
    shares,
    storefront,
    wallet,
    withdrawals,
)
from server.handlers.shop import group_buys as group_buy_room
from server.handlers.wechat import payments, push

SHOP: tuple[Room, ...] = (
    storefront.room,
    login.room,
    me.room,
    shares.room,
    catalogue.room,
    cart.room,
    addresses.room,
    coupons.room,
    group_buy_room.room,
    flash_sales.room,
    orders.room,
    rebates.room,
    commissions.room,
    wallet.room,
    points.room,
    withdrawals.room,
    notices.room,
    open_links.room,
)
"""The rooms of JSON calls, in the order of the OpenAPI document."""

ADMIN = tuple(
    screens.blueprint
    for screens in (
        entrance.screens,
        home.screens,
        approval_desk.screens,
        account.screens,
        lists.screens,
        order_desk.screens,
        withdrawal_desk.screens,
        ledger.screens,
        reconciliation.screens,
        members.screens,
        levels.screens,
        rules.screens,
        stacking.screens,
        house.screens,
        goods.screens,
        categories.screens,
        freight.screens,
        coupon_desk.screens,
        group_buys.screens,
        coupon_issues.screens,
        flash_desk.screens,
        points_goods.screens,
        rebate_screens.screens,
        commission_policies.screens,
        staff.screens,
    )
)
"""The screens of the operators' panel."""


def plain(*, development: bool) -> list[Blueprint]:
    """Return blueprints outside OpenAPI: WeChat's callbacks, operations and, in development, the sandbox's calls."""
    found = [health.blueprint, media.blueprint, h5.blueprint, push.blueprint, payments.blueprint, *ADMIN]
    if development:
        found.append(sandbox.blueprint)
    return found
