"""The panel's navigation. Screens that the operator may not open are left out."""

from dataclasses import dataclass

from server.rules.operators import Permission, may
from server.services.operators.sessions import Operator


@dataclass(frozen=True, slots=True)
class Entry:
    """A link to one screen."""

    label: str
    path: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Links that belong together; the first group has no name."""

    label: str
    entries: list[Entry]


_GROUPS: tuple[tuple[str, tuple[tuple[str, str, Permission], ...]], ...] = (
    (
        "",
        (
            ("概览", "/admin", Permission.DASHBOARD),
            ("报警", "/admin/alarms", Permission.ALARMS_VIEW),
            ("待审批", "/admin/approvals", Permission.APPROVALS_VIEW),
        ),
    ),
    (
        "交易",
        (
            ("订单", "/admin/orders", Permission.ORDERS_VIEW),
            ("待发货", "/admin/shipping", Permission.ORDERS_SHIP),
            ("退款", "/admin/refunds", Permission.ORDERS_VIEW),
        ),
    ),
    (
        "商品",
        (
            ("商品", "/admin/products", Permission.PRODUCTS_VIEW),
            ("库存", "/admin/stock", Permission.PRODUCTS_VIEW),
            ("分类", "/admin/categories", Permission.PRODUCTS_VIEW),
            ("运费模板", "/admin/freight", Permission.PRODUCTS_VIEW),
        ),
    ),
    (
        "营销",
        (
            ("拼团", "/admin/group-buys", Permission.PROMOTIONS_VIEW),
            ("团", "/admin/teams", Permission.PROMOTIONS_VIEW),
            ("优惠券", "/admin/coupon-templates", Permission.COUPONS_VIEW),
            ("已发优惠券", "/admin/coupons", Permission.COUPONS_VIEW),
            ("优惠券发放", "/admin/coupon-issues", Permission.COUPONS_VIEW),
            ("秒杀", "/admin/flash-sales", Permission.PROMOTIONS_VIEW),
            ("秒杀结果", "/admin/flash-items", Permission.PROMOTIONS_VIEW),
            ("积分商城", "/admin/points-goods", Permission.PROMOTIONS_VIEW),
            ("叠加规则", "/admin/stacking", Permission.PROMOTIONS_VIEW),
        ),
    ),
    (
        "会员",
        (
            ("会员", "/admin/members", Permission.MEMBERS_VIEW),
            ("会员等级", "/admin/levels", Permission.MEMBERS_VIEW),
            ("成长值", "/admin/growth", Permission.MEMBERS_VIEW),
        ),
    ),
    (
        "返一与分润",
        (
            ("有效推荐", "/admin/qualifications", Permission.REBATES_VIEW),
            ("返一", "/admin/rebates", Permission.REBATES_VIEW),
            ("返一规则", "/admin/rules", Permission.REBATES_VIEW),
            ("佣金", "/admin/commissions", Permission.COMMISSIONS_VIEW),
            ("分润策略", "/admin/commission-policies", Permission.COMMISSIONS_VIEW),
        ),
    ),
    (
        "资金",
        (
            ("提现", "/admin/withdrawals", Permission.WITHDRAWALS_VIEW),
            ("对账", "/admin/reconciliation", Permission.RECONCILIATION_VIEW),
            ("账户", "/admin/ledger", Permission.LEDGER_VIEW),
            ("分录", "/admin/ledger-entries", Permission.LEDGER_VIEW),
        ),
    ),
    (
        "系统",
        (
            ("商城设置", "/admin/settings", Permission.SETTINGS_VIEW),
            ("通知", "/admin/notices", Permission.NOTICES_VIEW),
            ("后台任务", "/admin/jobs", Permission.JOBS_VIEW),
            ("导出文件", "/admin/exports", Permission.EXPORTS),
            ("操作日志", "/admin/audit", Permission.AUDIT_VIEW),
            ("操作员", "/admin/operators", Permission.OPERATORS_MANAGE),
        ),
    ),
)


def groups(operator: Operator, path: str) -> list[Group]:
    """Return the links that this operator may open; the one for `path` is marked."""
    path = path.rstrip("/")
    found = [
        Group(label, [Entry(name, to, _leads(to, path)) for name, to, needs in ways if may(operator.role, needs)])
        for label, ways in _GROUPS
    ]
    return [group for group in found if group.entries]


def _leads(to: str, path: str) -> bool:
    return path == to or (to != "/admin" and path.startswith(f"{to}/"))
