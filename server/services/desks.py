"""Every list of the panel, by its name. A desk declares its lists; screens, files and checks take them from here."""

from server.services import (
    alarm_desk,
    audit_log,
    commission_desk,
    coupon_desk,
    goods_desk,
    job_desk,
    ledger_desk,
    member_desk,
    order_desk,
    rebate_desk,
    reconciliation_desk,
    rule_desk,
    shipping_desk,
    withdrawal_desk,
)
from server.services.listings import Listing

LISTINGS: tuple[Listing, ...] = (
    order_desk.ORDERS,
    order_desk.REFUNDS,
    goods_desk.PRODUCTS,
    goods_desk.STOCK,
    coupon_desk.TEMPLATES,
    coupon_desk.COUPONS,
    shipping_desk.TO_SHIP,
    withdrawal_desk.WITHDRAWALS,
    ledger_desk.ACCOUNTS,
    ledger_desk.ENTRIES,
    member_desk.MEMBERS,
    rule_desk.RULES,
    reconciliation_desk.DAYS,
    reconciliation_desk.DIFFERENCES,
    job_desk.JOBS,
    rebate_desk.QUALIFICATIONS,
    rebate_desk.REBATES,
    commission_desk.POLICIES,
    commission_desk.COMMISSIONS,
    alarm_desk.ALARMS,
    audit_log.LOG,
)

BY_NAME = {listing.name: listing for listing in LISTINGS}
