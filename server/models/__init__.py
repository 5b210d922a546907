"""The tables, one room per noun. No behaviour here: rules decide, services act.

What the ORM cannot express (CHECKs, partial unique indexes, SQL functions) stands in the migrations;
`tests/migrations` holds both against the live catalogue.
"""

from server.models.catalogue import CardKey, Category, Product, Sku
from server.models.coupons import Coupon, CouponTemplate
from server.models.ledger import LedgerAccount, LedgerDelta, LedgerEntry, LedgerLine
from server.models.members import Address, Binding, CartItem, Member, Share, Touch
from server.models.operations import (
    Alarm,
    AuditRecord,
    IdempotencyKey,
    NoticeCredit,
    NoticeTemplate,
    OutboxMessage,
    SecurityEvent,
    ShopPolicy,
)
from server.models.orders import Order, OrderLine
from server.models.payments import Payment, PaymentNotice, Refund, RefundLine
from server.models.rebates import Qualification, Rebate, RebateStage, ReturnChoice, RuleVersion

__all__ = [
    "Address",
    "Alarm",
    "AuditRecord",
    "Binding",
    "CardKey",
    "CartItem",
    "Category",
    "Coupon",
    "CouponTemplate",
    "IdempotencyKey",
    "LedgerAccount",
    "LedgerDelta",
    "LedgerEntry",
    "LedgerLine",
    "Member",
    "NoticeCredit",
    "NoticeTemplate",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Payment",
    "PaymentNotice",
    "Product",
    "Qualification",
    "Rebate",
    "RebateStage",
    "Refund",
    "RefundLine",
    "ReturnChoice",
    "RuleVersion",
    "SecurityEvent",
    "Share",
    "ShopPolicy",
    "Sku",
    "Touch",
]
