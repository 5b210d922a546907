"""All lists of the panel by name. Each desk file declares its lists; screens, exports and checks use them from here."""

from server.services.common import audit_log
from server.services.common.listings import Listing
from server.services.desk import (
    alarms,
    commissions,
    coupons,
    flash_sales,
    freight,
    goods,
    group_buys,
    growth,
    jobs,
    ledger,
    members,
    orders,
    points_goods,
    rebates,
    reconciliation,
    rules,
    shipping,
    withdrawals,
)

LISTINGS: tuple[Listing, ...] = (
    orders.ORDERS,
    orders.REFUNDS,
    goods.PRODUCTS,
    goods.STOCK,
    freight.FREIGHT,
    coupons.TEMPLATES,
    coupons.COUPONS,
    group_buys.GROUP_BUYS,
    group_buys.TEAMS,
    coupons.ISSUES,
    flash_sales.SALES,
    flash_sales.ITEMS,
    points_goods.GOODS,
    shipping.TO_SHIP,
    withdrawals.WITHDRAWALS,
    ledger.ACCOUNTS,
    ledger.ENTRIES,
    members.MEMBERS,
    growth.GROWTH,
    rules.RULES,
    reconciliation.DAYS,
    reconciliation.DIFFERENCES,
    jobs.JOBS,
    rebates.QUALIFICATIONS,
    rebates.REBATES,
    commissions.POLICIES,
    commissions.COMMISSIONS,
    alarms.ALARMS,
    audit_log.LOG,
)

BY_NAME = {listing.name: listing for listing in LISTINGS}
