"""All refusals: each has a type, a stable code, an HTTP status and a Chinese sentence for the user.

One file per noun; this package exports them all.
"""

from server.core.errors.calls import (
    BadRequest,
    Busy,
    IdempotencyKeyMissing,
    IdempotencyMismatch,
    NotAllowed,
    NotFound,
    StateConflict,
    TooLarge,
    TooManyRequests,
    WeChatUnavailable,
)
from server.core.errors.catalogue import LevelRequired, PurchaseLimit, SkuUnavailable, StockInsufficient
from server.core.errors.coupons import CouponClosed, CouponLimit, CouponNotForYou, CouponSoldOut, CouponUnusable
from server.core.errors.files import FileInvalid, PictureInvalid, SheetInvalid
from server.core.errors.forms import FormForged, FormInvalid, VersionStale
from server.core.errors.members import AccountBlocked, AddressLimit, BadLoginCode, NotLoggedIn
from server.core.errors.operators import (
    CodeWrong,
    LastOwner,
    OperatorLocked,
    OperatorNameTaken,
    OperatorUnproven,
    PasswordUnfit,
)
from server.core.errors.orders import (
    AddressRequired,
    BalanceInsufficient,
    CartLimit,
    DeliveryRefused,
    ItemsInvalid,
    PaymentRefused,
    ShippingFinal,
    UnpaidLimit,
)
from server.core.errors.points import PointsUnavailable
from server.core.errors.promotions import (
    NotCombinable,
    PromotionQueued,
    PromotionRefused,
    PromotionUnknown,
    StackingInvalid,
)
from server.core.errors.rebates import ChoiceNotNeeded, NotReturnable, RuleInvalid
from server.core.errors.reconciliation import BillNotReady
from server.core.errors.referrals import (
    AlreadyBound,
    BindSelf,
    HasDownline,
    HasPaidOrder,
    ReferralLoop,
    ReferrerBlocked,
    ShareDisabled,
    ShareUnknown,
)
from server.core.errors.refunds import RefundNotAllowed, RefundOpen, ReissueRefused
from server.core.errors.seed import NotEmpty
from server.core.errors.withdrawals import RealNameRequired, WithdrawalLimit
from server.core.refusal import Refusal

__all__ = [
    "AccountBlocked",
    "AddressLimit",
    "AddressRequired",
    "AlreadyBound",
    "BadLoginCode",
    "BadRequest",
    "BalanceInsufficient",
    "BillNotReady",
    "BindSelf",
    "Busy",
    "CartLimit",
    "ChoiceNotNeeded",
    "CodeWrong",
    "CouponClosed",
    "CouponLimit",
    "CouponNotForYou",
    "CouponSoldOut",
    "CouponUnusable",
    "DeliveryRefused",
    "FileInvalid",
    "FormForged",
    "FormInvalid",
    "HasDownline",
    "HasPaidOrder",
    "IdempotencyKeyMissing",
    "IdempotencyMismatch",
    "ItemsInvalid",
    "LastOwner",
    "LevelRequired",
    "NotAllowed",
    "NotCombinable",
    "NotEmpty",
    "NotFound",
    "NotLoggedIn",
    "NotReturnable",
    "OperatorLocked",
    "OperatorNameTaken",
    "OperatorUnproven",
    "PasswordUnfit",
    "PaymentRefused",
    "PictureInvalid",
    "PointsUnavailable",
    "PromotionQueued",
    "PromotionRefused",
    "PromotionUnknown",
    "PurchaseLimit",
    "RealNameRequired",
    "ReferralLoop",
    "ReferrerBlocked",
    "RefundNotAllowed",
    "RefundOpen",
    "Refusal",
    "ReissueRefused",
    "RuleInvalid",
    "ShareDisabled",
    "ShareUnknown",
    "SheetInvalid",
    "ShippingFinal",
    "SkuUnavailable",
    "StackingInvalid",
    "StateConflict",
    "StockInsufficient",
    "TooLarge",
    "TooManyRequests",
    "UnpaidLimit",
    "VersionStale",
    "WeChatUnavailable",
    "WithdrawalLimit",
    "by_code",
]


def by_code(code: str) -> type[Refusal]:
    """Return the refusal type of a code. Raises KeyError for an unknown code."""
    return {kind.code: kind for kind in Refusal.__subclasses__()}[code]
