"""Every refusal the house can give: a type, a stable code, an HTTP status and a Chinese sentence for the person."""

from typing import Any

from server.core.refusal import Refusal as Refusal  # noqa: PLC0414 - it is found here, with all of its kinds
from server.core.sentences import PROMOTIONS


class BadRequest(Refusal):
    """The request's shape is wrong: `field` and `problem` say where."""

    code, status, message = "bad_request", 400, "请求格式不正确"


class IdempotencyKeyMissing(Refusal):
    """A call that moves value must carry an `Idempotency-Key` of at most 64 characters."""

    code, status, message = "idempotency_key_missing", 400, "缺少幂等键"


class BadLoginCode(Refusal):
    """WeChat does not know the login or phone code, or it was used before."""

    code, status, message = "login_code_invalid", 400, "登录凭证已失效，请重试"


class NotLoggedIn(Refusal):
    """No token, or one that is unknown or expired."""

    code, status, message = "not_logged_in", 401, "请先登录"


class OperatorUnproven(Refusal):
    """Panel: name, password or code do not fit; which of them is not told."""

    code, status, message = "operator_unproven", 401, "账号、密码或动态码不正确"


class FormForged(Refusal):
    """Panel: the form did not come from a page of this session."""

    code, status, message = "form_forged", 403, "页面已过期或来源不明，请刷新后重试"


class NotAllowed(Refusal):
    """Known, but not permitted."""

    code, status, message = "not_allowed", 403, "没有权限"


class AccountBlocked(Refusal):
    """The member is blocked or closed."""

    code, status, message = "account_blocked", 403, "账号已被限制，请联系客服"


class NotFound(Refusal):
    """Not there, or not yours."""

    code, status, message = "not_found", 404, "没有找到"


class NotEmpty(Refusal):
    """A whole year of a shop is made only where there is nothing yet; `table` has rows."""

    code, status, message = "not_empty", 409, "已有会员、订单或账目，只能在空的商城里生成"


class StateConflict(Refusal):
    """The thing has moved on: its `status` does not allow this."""

    code, status, message = "state_conflict", 409, "当前状态不支持此操作"


class OperatorNameTaken(Refusal):
    """Panel: an operator of that name exists, perhaps disabled; names stand in the audit log and are never reused."""

    code, status, message = "operator_name_taken", 409, "这个账号名已被使用"


class BillNotReady(Refusal):
    """WeChat has no bill of the `day` yet: it makes a day's bills the next morning, from about ten."""

    code, status, message = "bill_not_ready", 409, "微信账单尚未生成，请在次日上午 10 点以后再试"


class IdempotencyMismatch(Refusal):
    """The key was used before with another body."""

    code, status, message = "idempotency_mismatch", 409, "同一幂等键的内容不一致"


class VersionStale(Refusal):
    """Panel: a newer version was published since the one that this was made from; `version` is its number."""

    code, status, message = "version_stale", 409, "已有更新的版本，请重新填写"


class RefundOpen(Refusal):
    """One refund request of an order at a time."""

    code, status, message = "refund_open", 409, "已有处理中的退款申请"


class TooLarge(Refusal):
    """The body is larger than the server reads."""

    code, status, message = "too_large", 413, "内容过大"


class StockInsufficient(Refusal):
    """Fewer pieces left than asked for; `sku_id` and `available` say which."""

    code, status, message = "stock_insufficient", 422, "库存不足"


class SkuUnavailable(Refusal):
    """The SKU or its product is not on sale."""

    code, status, message = "sku_unavailable", 422, "商品已下架"


class ItemsInvalid(Refusal):
    """Nothing to order, too many lines, or a SKU named twice."""

    code, status, message = "items_invalid", 422, "请选择要购买的商品"


class AddressRequired(Refusal):
    """Physical goods need an address of the member's own."""

    code, status, message = "address_required", 422, "请选择收货地址"


class DeliveryRefused(Refusal):
    """Something in the order is not sent to that province."""

    code, status, message = "delivery_refused", 422, "部分商品不支持发往该地区"


class PurchaseLimit(Refusal):
    """A product may be bought only so often: `limit` pieces per member, `bought` of them already."""

    code, status, message = "purchase_limit", 422, "超过每人限购数量"


class AddressLimit(Refusal):
    """A member keeps at most 20 addresses."""

    code, status, message = "address_limit", 422, "地址数量已达上限"


class CartLimit(Refusal):
    """A cart holds at most 100 SKUs."""

    code, status, message = "cart_limit", 422, "购物车已满"


class PromotionUnknown(Refusal):
    """The promotion named in the order does not exist or does not apply."""

    code, status, message = "promotion_unknown", 422, "活动不存在或不适用"


class PromotionRefused(Refusal):
    """The promotion does not take this order; `reason` says why, in a word of its kind."""

    code, status, message = "promotion_refused", 422, "暂时不能参加该活动"

    def __init__(self, **detail: Any) -> None:  # noqa: ANN401 - as of every refusal
        super().__init__(**detail)
        self.message = PROMOTIONS.get(detail.get("reason", ""), self.message)


class NotCombinable(Refusal):
    """Orders of this `kind` do not go together with `what` (`coupon`, `points` or `balance`)."""

    code, status, message = "not_combinable", 422, "该活动不能与所选优惠同时使用"


class StackingInvalid(Refusal):
    """A matrix of what goes together that cannot be meant; `kind`, `what` and `problem` say why."""

    code, status, message = "stacking_invalid", 422, "叠加规则有误"


class PointsUnavailable(Refusal):
    """Fewer points than asked for; `available` says how many there are."""

    code, status, message = "points_unavailable", 422, "积分不足"


class CouponUnusable(Refusal):
    """The coupon does not fit the order; `reason` is `state`, `expired`, `not_started`, `scope` or `threshold`."""

    code, status, message = "coupon_unusable", 422, "优惠券不可用"


class CouponSoldOut(Refusal):
    """All coupons of the template are taken."""

    code, status, message = "coupon_sold_out", 422, "优惠券已领完"


class CouponLimit(Refusal):
    """The member has taken as many as one may."""

    code, status, message = "coupon_limit", 422, "已达到领取上限"


class BalanceInsufficient(Refusal):
    """Less balance than asked for; `available_fen` says how much there is."""

    code, status, message = "balance_insufficient", 422, "余额不足"


class PaymentRefused(Refusal):
    """WeChat Pay refused to open the payment."""

    code, status, message = "payment_refused", 422, "微信支付暂不可用，请稍后再试"


class RefundNotAllowed(Refusal):
    """The order cannot be refunded by its member now; `reason` is `status`, `window`, `quantity` or `nothing`."""

    code, status, message = "refund_not_allowed", 422, "该订单不支持退款"


class WithdrawalLimit(Refusal):
    """Too little or too much to withdraw; `reason` is `minimum`, `day_count` or `day_amount`, `limit` the figure."""

    code, status, message = "withdrawal_limit", 422, "超出提现限额"


class RealNameRequired(Refusal):
    """A payout of `from_fen` or more needs the real name of the member's WeChat account."""

    code, status, message = "real_name_required", 422, "请填写微信实名姓名"


class NotReturnable(Refusal):
    """The chosen order cannot be the one that is returned."""

    code, status, message = "not_returnable", 422, "该订单不能作为返还订单"


class ChoiceNotNeeded(Refusal):
    """The rule in force picks the returned order itself."""

    code, status, message = "choice_not_needed", 422, "当前规则不需要选择返还订单"


class RuleInvalid(Refusal):
    """A rebate rule that breaks a limit; `field` and `problem` say which."""

    code, status, message = "rule_invalid", 422, "规则不合法"


class FormInvalid(Refusal):
    """Panel: a form with mistakes; `problems` lists them by `field`, with its `label`."""

    code, status, message = "form_invalid", 422, "请修改后再提交"


class FileInvalid(Refusal):
    """A file of products or coupons with mistakes; `problems` lists them by line."""

    code, status, message = "file_invalid", 422, "文件内容有误"


class SheetInvalid(Refusal):
    """An uploaded XLSX file cannot be read, or holds too much: `problem` says so."""

    code, status, message = "sheet_invalid", 422, "表格文件无法使用"


class PictureInvalid(Refusal):
    """What was sent is no JPEG, PNG or WebP picture, or one of too many pixels."""

    code, status, message = "picture_invalid", 422, "请选择一张 JPG、PNG 或 WebP 图片"


class ShareUnknown(Refusal):
    """Binding: no such share code."""

    code, status, message = "share_unknown", 422, "分享不存在"


class ShareDisabled(Refusal):
    """Binding: the share was switched off."""

    code, status, message = "share_disabled", 422, "分享已失效"


class BindSelf(Refusal):
    """Binding: one's own share."""

    code, status, message = "self", 422, "不能绑定自己"


class AlreadyBound(Refusal):
    """Binding: a referrer is there already and is never overwritten."""

    code, status, message = "already_bound", 422, "已绑定推荐人"


class ReferrerBlocked(Refusal):
    """Binding: the referrer is blocked or closed."""

    code, status, message = "referrer_blocked", 422, "推荐人账号不可用"


class ReferralLoop(Refusal):
    """Binding: the referrer stands below the member."""

    code, status, message = "loop", 422, "不能绑定自己的下级"


class HasPaidOrder(Refusal):
    """Binding: only before the first paid order."""

    code, status, message = "has_paid_order", 422, "已有付款订单，不能再绑定推荐人"


class HasDownline(Refusal):
    """Binding: only while nobody is bound to the member."""

    code, status, message = "has_downline", 422, "已有下级，不能再绑定推荐人"


class PasswordUnfit(Refusal):
    """Panel: a chosen password is too weak; `problem` says why, in Chinese."""

    code, status, message = "password_unfit", 422, "密码不符合要求"


class CodeWrong(Refusal):
    """Panel: a code of the authenticator that does not fit, or was used before."""

    code, status, message = "code_wrong", 422, "动态码不正确或已使用过"


class LastOwner(Refusal):
    """Panel: somebody must be left who can manage operators."""

    code, status, message = "last_owner", 422, "至少要保留一位可用的店主"


class OperatorLocked(Refusal):
    """Panel: too many wrong passwords or codes; try again in `retry_after_s` seconds."""

    code, status, message = "operator_locked", 429, "尝试次数过多，账号已暂时锁定，请稍后再试"
    retry_after_s = 1

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class PromotionQueued(Refusal):
    """Every piece is taken, but not every one is paid: some may come back, so ask again."""

    code, status, message = "promotion_queued", 429, "太火爆了，正在排队，请稍后再试"
    retry_after_s = 2


class TooManyRequests(Refusal):
    """Slow down, for `retry_after_s` seconds."""

    code, status, message = "too_many_requests", 429, "操作太频繁，请稍后再试"
    retry_after_s = 1

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class Busy(Refusal):
    """The database or a lock is not to be had right now; nothing was done."""

    code, status, message = "busy", 503, "系统繁忙，请稍后再试"
    retry_after_s = 1


class WeChatUnavailable(Refusal):
    """WeChat gave no trustworthy answer; nothing is lost, ask again."""

    code, status, message = "wechat_unavailable", 503, "微信服务暂时不可用，请稍后再试"
    retry_after_s = 2


def by_code(code: str) -> type[Refusal]:
    """The refusal type of a code. Raises KeyError for an unknown one."""
    return {kind.code: kind for kind in Refusal.__subclasses__()}[code]
