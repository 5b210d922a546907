"""The tables, one file per noun. Models hold no behaviour: the rules decide, and the services act.

What the ORM cannot express is in SQL files: each function with its triggers in `functions/NAME.sql`; checks, partial
indexes and indexes on expressions in `constraints/NOUN.sql`. `scripts/initial_migration.py` makes the migration from
all three, and `tests/migrations` compares them with the catalogue of a real database.
"""

from server.models.approvals import Approval, LimitUse
from server.models.catalogue import CardKey, Category, FreightTemplate, Product, Sku
from server.models.commissions import Commission, CommissionVersion
from server.models.coupons import Coupon, CouponIssue, CouponIssueMember, CouponTemplate
from server.models.exports import Export
from server.models.flash_sales import FlashItem, FlashSale, FlashTally, FlashUnit
from server.models.group_buys import GroupBuy, GroupBuySku, Team
from server.models.ledger import LedgerAccount, LedgerDelta, LedgerEntry, LedgerLine
from server.models.levels import GrowthEntry, Level, LevelChange, MemberLevel
from server.models.members import Address, Binding, CartItem, Member, PendingBinding, Share, Touch
from server.models.operations import (
    Alarm,
    AuditAnchor,
    AuditRecord,
    AuditRun,
    FieldKey,
    IdempotencyKey,
    NoticeCredit,
    NoticeTemplate,
    OutboxMessage,
    SchedulerRun,
    SecurityEvent,
    ShopPolicy,
)
from server.models.operators import Operator, OperatorSession
from server.models.orders import Order, OrderLine
from server.models.payments import Payment, PaymentNotice, Refund, RefundLine, RefundReissue
from server.models.points import CheckIn, PointCredit, PointEarning
from server.models.points_goods import PointsGood
from server.models.promotions import StackingVersion
from server.models.rebates import Qualification, Rebate, RebateStage, ReturnChoice, RuleVersion
from server.models.reconciliation import Difference, Reconciliation, ReconciliationAsk
from server.models.withdrawals import Withdrawal

__all__ = [
    "Address",
    "Alarm",
    "Approval",
    "AuditAnchor",
    "AuditRecord",
    "AuditRun",
    "Binding",
    "CardKey",
    "CartItem",
    "Category",
    "CheckIn",
    "Commission",
    "CommissionVersion",
    "Coupon",
    "CouponIssue",
    "CouponIssueMember",
    "CouponTemplate",
    "Difference",
    "Export",
    "FieldKey",
    "FlashItem",
    "FlashSale",
    "FlashTally",
    "FlashUnit",
    "FreightTemplate",
    "GroupBuy",
    "GroupBuySku",
    "GrowthEntry",
    "IdempotencyKey",
    "LedgerAccount",
    "LedgerDelta",
    "LedgerEntry",
    "LedgerLine",
    "Level",
    "LevelChange",
    "LimitUse",
    "Member",
    "MemberLevel",
    "NoticeCredit",
    "NoticeTemplate",
    "Operator",
    "OperatorSession",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Payment",
    "PaymentNotice",
    "PendingBinding",
    "PointCredit",
    "PointEarning",
    "PointsGood",
    "Product",
    "Qualification",
    "Rebate",
    "RebateStage",
    "Reconciliation",
    "ReconciliationAsk",
    "Refund",
    "RefundLine",
    "RefundReissue",
    "ReturnChoice",
    "RuleVersion",
    "SchedulerRun",
    "SecurityEvent",
    "Share",
    "ShopPolicy",
    "Sku",
    "StackingVersion",
    "Team",
    "Touch",
    "Withdrawal",
]
