"""Acts of operators that wait for a second operator: what each needs to be done later, its states and its labels."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec

from server.core.errors import FileInvalid, FormInvalid, Refusal
from server.core.money import yuan
from server.rules.commissions import CommissionTerms
from server.rules.levels import Level
from server.rules.limits import Kind
from server.rules.operators import Permission
from server.rules.rebates import RuleTerms
from server.rules.rule_forms import percent
from server.rules.shop import ShopPolicy
from server.rules.stacking import Matrix


class ApprovalState(StrEnum):
    """The state of an approval; the values are those in the database."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"


STATES: dict[ApprovalState, str] = {
    ApprovalState.WAITING: "待审批",
    ApprovalState.APPROVED: "已同意",
    ApprovalState.REJECTED: "已拒绝",
    ApprovalState.CANCELLED: "已撤回",
    ApprovalState.FAILED: "没有做成",
    ApprovalState.EXPIRED: "过期未审批",
}
KINDS: dict[Kind, str] = {
    Kind.POINTS: "发放或扣除积分",
    Kind.GROWTH: "调整成长值",
    Kind.PRICE: "改价",
    Kind.RULE: "发布返一规则",
    Kind.COMMISSION: "发布分润策略",
    Kind.LEVELS: "修改会员等级",
    Kind.STACKING: "发布叠加规则",
    Kind.COUPON: "新增或放宽优惠券",
    Kind.COUPON_ISSUE: "发放优惠券",
    Kind.ACTIVITY: "营销活动",
    Kind.SETTINGS: "修改商城设置",
    Kind.REFUND: "同意退款",
    Kind.WITHDRAWAL: "同意提现",
}
_FEN = frozenset({Kind.REFUND, Kind.WITHDRAWAL})
_PARTS = frozenset({Kind.PRICE, Kind.ACTIVITY})
_UNITS = {Kind.POINTS: "积分", Kind.GROWTH: "成长值", Kind.COUPON_ISSUE: "张", Kind.SETTINGS: "项"}


def measure(kind: Kind, amount: int) -> str:
    """Return what was measured, or a limit, as operators read it; it is stored as fen, basis points or a number."""
    if kind in _FEN:
        return f"¥{yuan(amount)}"
    if kind in _PARTS:
        return f"{percent(amount)}%"
    return f"{amount} {_UNITS.get(kind, '次')}"


P = Permission
DECIDES: dict[Kind, Permission] = {
    Kind.POINTS: P.MEMBERS_CORRECT,
    Kind.GROWTH: P.MEMBERS_CORRECT,
    Kind.PRICE: P.PRODUCTS_EDIT,
    Kind.RULE: P.RULES_PUBLISH,
    Kind.COMMISSION: P.COMMISSIONS_PUBLISH,
    Kind.LEVELS: P.SETTINGS_EDIT,
    Kind.STACKING: P.PROMOTIONS_EDIT,
    Kind.COUPON: P.COUPONS_EDIT,
    Kind.COUPON_ISSUE: P.COUPONS_EDIT,
    Kind.ACTIVITY: P.PROMOTIONS_EDIT,
    Kind.SETTINGS: P.SETTINGS_EDIT,
    Kind.REFUND: P.REFUNDS_DECIDE,
    Kind.WITHDRAWAL: P.WITHDRAWALS_DECIDE,
}
"""The permission of the act itself: who may do it may also approve or reject another operator's."""
VIEWS: dict[Kind, Permission] = {
    Kind.POINTS: P.MEMBERS_VIEW,
    Kind.GROWTH: P.MEMBERS_VIEW,
    Kind.PRICE: P.PRODUCTS_VIEW,
    Kind.RULE: P.REBATES_VIEW,
    Kind.COMMISSION: P.COMMISSIONS_VIEW,
    Kind.LEVELS: P.MEMBERS_VIEW,
    Kind.STACKING: P.PROMOTIONS_VIEW,
    Kind.COUPON: P.COUPONS_VIEW,
    Kind.COUPON_ISSUE: P.COUPONS_VIEW,
    Kind.ACTIVITY: P.PROMOTIONS_VIEW,
    Kind.SETTINGS: P.SETTINGS_VIEW,
    Kind.REFUND: P.ORDERS_VIEW,
    Kind.WITHDRAWAL: P.WITHDRAWALS_VIEW,
}
"""The permission to see what an approval is about."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What an act needs to be done later. Two acts of one `key` cannot both wait."""

    reason: str

    @property
    def kind(self) -> Kind:
        """The kind of the act."""
        return Kind(str(self.__struct_config__.tag))

    @property
    def key(self) -> str:
        """What makes this act the same as another; for most kinds all that it says except the reason."""
        said = msgspec.json.encode(msgspec.structs.replace(self, reason=""))
        return f"{self.kind}:{hashlib.sha256(said).hexdigest()}"


class _Form(_Asked, frozen=True, kw_only=True):
    """What a form asks for. `once` is the key of the form: sent twice, it counts once."""

    once: str

    @property
    def key(self) -> str:
        """The form's key."""
        return f"{self.kind}:{self.once}"


class PointsGrant(_Form, frozen=True, kw_only=True, tag=Kind.POINTS.value):
    """Points for a member (negative: taken)."""

    member_id: int
    points: int

    @property
    def subject(self) -> str:
        """The member."""
        return f"member:{self.member_id}"


class GrowthGrant(_Form, frozen=True, kw_only=True, tag=Kind.GROWTH.value):
    """Growth for a member (negative: taken); with `anew` the level is judged at once."""

    member_id: int
    amount: int
    anew: bool

    @property
    def subject(self) -> str:
        """The member."""
        return f"member:{self.member_id}"


class _Pieces(msgspec.Struct, frozen=True):
    card_keys: list[str] = []


class _Product(msgspec.Struct, frozen=True):
    slug: str
    skus: list[_Pieces] = []


class _Named(msgspec.Struct, frozen=True):
    slug: str


class _Document(msgspec.Struct, frozen=True):
    """What an act must know of a file; the other lists and fields are read when it is applied."""

    products: list[_Product] = []
    templates: list[_Named] = []
    group_buys: list[_Named] = []
    flash_sales: list[_Named] = []
    points_goods: list[_Named] = []

    def subject(self, nouns: Mapping[str, str], whole: str) -> str:
        """Return the only thing that is named in the lists of `nouns` (list → noun), or the whole."""
        named = [f"{noun}:{one.slug}" for name, noun in nouns.items() for one in getattr(self, name)]
        return named[0] if len(named) == 1 else whole


class _OfDocument(_Asked, frozen=True, kw_only=True):
    """A file or form, as JSON text: it is applied whole or not at all."""

    document: str

    @property
    def _named(self) -> _Document:
        return msgspec.json.decode(self.document, type=_Document)


class PriceChange(_OfDocument, frozen=True, kw_only=True, tag=Kind.PRICE.value):
    """A file or form of the catalogue, whose prices are counted."""

    @property
    def subject(self) -> str:
        """The only product that is named, or the whole catalogue."""
        return self._named.subject({"products": "product"}, "catalogue")

    @property
    def card_keys(self) -> list[str]:
        """The paths of the card keys in it, which must never be stored in the open."""
        return [
            f"$.products[{n}].skus[{m}].card_keys"
            for n, product in enumerate(self._named.products)
            for m, sku in enumerate(product.skus)
            if sku.card_keys
        ]


class ActivityChange(_OfDocument, frozen=True, kw_only=True, tag=Kind.ACTIVITY.value):
    """A file or form of activities, whose discounts are counted."""

    @property
    def subject(self) -> str:
        """The only activity that is named, or all of them."""
        nouns = {"group_buys": "group_buy", "flash_sales": "flash_sale", "points_goods": "points_good"}
        return self._named.subject(nouns, "activities")


class CouponPublish(_OfDocument, frozen=True, kw_only=True, tag=Kind.COUPON.value):
    """A file or form of coupon templates."""

    @property
    def subject(self) -> str:
        """The only template that is named, or all of them."""
        return self._named.subject({"templates": "coupon"}, "templates")


DocumentAct: TypeAlias = PriceChange | ActivityChange | CouponPublish


class CouponIssue(_Form, frozen=True, kw_only=True, tag=Kind.COUPON_ISSUE.value):
    """Coupons of the template `slug` for a group of members; see `Wanted` of services/coupons/issues.py."""

    template_id: int
    slug: str
    segment: str
    days: int | None
    members: list[int]
    levels: list[int]

    @property
    def subject(self) -> str:
        """The template."""
        return f"coupon:{self.slug}"


_WHOLES: dict[Kind, str] = {
    Kind.RULE: "rules",
    Kind.COMMISSION: "commission_versions",
    Kind.LEVELS: "levels",
    Kind.STACKING: "stacking_versions",
    Kind.SETTINGS: "shop",
}


class _Whole(_Asked, frozen=True, kw_only=True):
    """A change of something that the shop has once."""

    @property
    def subject(self) -> str:
        """What is changed, as the operators' log names it."""
        return _WHOLES[self.kind]


class RulePublish(_Whole, frozen=True, kw_only=True, tag=Kind.RULE.value):
    """A version of the rebate rule. `base` is the version that the operator looked at (0: none, None: not said)."""

    terms: RuleTerms
    base: int | None = None


class CommissionPublish(_Whole, frozen=True, kw_only=True, tag=Kind.COMMISSION.value):
    """A version of the commission policies; for `base` see RulePublish."""

    terms: CommissionTerms
    base: int | None = None


class LevelsPublish(_Whole, frozen=True, kw_only=True, tag=Kind.LEVELS.value):
    """All levels, in place of those with this `version`."""

    levels: list[Level]
    version: str


class StackingPublish(_Whole, frozen=True, kw_only=True, tag=Kind.STACKING.value):
    """A version of the stacking matrix, in place of version `base`."""

    matrix: Matrix
    base: int


class SettingsChange(_Whole, frozen=True, kw_only=True, tag=Kind.SETTINGS.value):
    """The whole policy of the shop, in place of the one with this `version`."""

    policy: ShopPolicy
    version: str


class RefundApprove(_Asked, frozen=True, kw_only=True, tag=Kind.REFUND.value):
    """The granting of a refund; with `restock` the goods that came back are sold again."""

    refund_no: str
    restock: bool = False

    @property
    def key(self) -> str:
        """The refund: it can be granted in one way only."""
        return f"{self.kind}:{self.refund_no}"

    @property
    def subject(self) -> str:
        """The refund."""
        return f"refund:{self.refund_no}"


class WithdrawalApprove(_Asked, frozen=True, kw_only=True, tag=Kind.WITHDRAWAL.value):
    """The second approval of a withdrawal that one operator has approved."""

    withdrawal_no: str

    @property
    def key(self) -> str:
        """The withdrawal."""
        return f"{self.kind}:{self.withdrawal_no}"

    @property
    def subject(self) -> str:
        """The withdrawal."""
        return f"withdrawal:{self.withdrawal_no}"


Asked: TypeAlias = (
    PointsGrant
    | GrowthGrant
    | PriceChange
    | RulePublish
    | CommissionPublish
    | LevelsPublish
    | StackingPublish
    | CouponPublish
    | CouponIssue
    | ActivityChange
    | SettingsChange
    | RefundApprove
    | WithdrawalApprove
)


def why_failed(refusal: Refusal) -> str:
    """Say in one sentence why an approved act could not be done."""
    problems = refusal.detail.get("problems", []) if isinstance(refusal, FileInvalid | FormInvalid) else []
    said = [one["problem"] for one in problems] or [refusal.detail.get("problem", "")]
    return "：".join(part for part in (refusal.message, "；".join(said)) if part)[:300]
