"""The tables, one room per noun. No behaviour here: rules decide, services act.

What the ORM cannot express (CHECKs, partial unique indexes, SQL functions) stands in the migrations;
`tests/migrations` holds both against the live catalogue.
"""

from server.models.catalogue import CardKey, Category, Product, Sku
from server.models.commissions import Commission, CommissionVersion
from server.models.coupons import Coupon, CouponTemplate
from server.models.exports import Export
from server.models.ledger import LedgerAccount, LedgerDelta, LedgerEntry, LedgerLine
from server.models.members import Address, Binding, CartItem, Member, Share, Touch
from server.models.operations import (
    Alarm,
    AuditAnchor,
    AuditRecord,
    IdempotencyKey,
    NoticeCredit,
    NoticeTemplate,
    OutboxMessage,
    SecurityEvent,
    ShopPolicy,
)
from server.models.operators import Operator, OperatorSession
from server.models.orders import Order, OrderLine
from server.models.payments import Payment, PaymentNotice, Refund, RefundLine
from server.models.rebates import Qualification, Rebate, RebateStage, ReturnChoice, RuleVersion
from server.models.reconciliation import Difference, Reconciliation, ReconciliationAsk
from server.models.withdrawals import Withdrawal

__all__ = [
    "Address",
    "Alarm",
    "AuditAnchor",
    "AuditRecord",
    "Binding",
    "CardKey",
    "CartItem",
    "Category",
    "Commission",
    "CommissionVersion",
    "Coupon",
    "CouponTemplate",
    "Difference",
    "Export",
    "IdempotencyKey",
    "LedgerAccount",
    "LedgerDelta",
    "LedgerEntry",
    "LedgerLine",
    "Member",
    "NoticeCredit",
    "NoticeTemplate",
    "Operator",
    "OperatorSession",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Payment",
    "PaymentNotice",
    "Product",
    "Qualification",
    "Rebate",
    "RebateStage",
    "Reconciliation",
    "ReconciliationAsk",
    "Refund",
    "RefundLine",
    "ReturnChoice",
    "RuleVersion",
    "SecurityEvent",
    "Share",
    "ShopPolicy",
    "Sku",
    "Touch",
    "Withdrawal",
]
