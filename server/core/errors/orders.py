"""Refusals of a cart, an order or its payment."""

from typing import Any

from server.core.refusal import Refusal


class ItemsInvalid(Refusal):
    """There is nothing to order, there are too many lines, or a SKU appears twice."""

    code, status, message = "items_invalid", 422, "请选择要购买的商品"


class AddressRequired(Refusal):
    """Physical goods need one of the member's own addresses."""

    code, status, message = "address_required", 422, "请选择收货地址"


class DeliveryRefused(Refusal):
    """Something in the order cannot be sent to that province."""

    code, status, message = "delivery_refused", 422, "部分商品不支持发往该地区"


class UnpaidLimit(Refusal):
    """The member holds `max_orders` unpaid orders, or with this one more than `max_pieces` of `sku_id` in them."""

    code, status, message = "unpaid_limit", 422, "未付款的订单太多，请先付款或取消"

    def __init__(self, **detail: Any) -> None:  # noqa: ANN401 - as in Refusal
        """Say which of the two limits was met, and how much of it is used."""
        super().__init__(**detail)
        if "max_orders" in detail:
            self.message = f"最多有 {detail['max_orders']} 笔未付款的订单，请先付款或取消"
        elif detail["unpaid"]:
            self.message = f"这件商品还有 {detail['unpaid']} 件没付款，合起来最多 {detail['max_pieces']} 件"
        else:
            self.message = f"这件商品一次最多买 {detail['max_pieces']} 件"


class CartLimit(Refusal):
    """A cart holds at most 100 SKUs."""

    code, status, message = "cart_limit", 422, "购物车已满"


class BalanceInsufficient(Refusal):
    """The balance is smaller than the amount asked for; `available_fen` is the balance."""

    code, status, message = "balance_insufficient", 422, "余额不足"


class ShippingFinal(Refusal):
    """How the order was shipped was corrected before; WeChat takes one correction."""

    code, status, message = "shipping_final", 409, "微信只允许更正一次物流信息，这一单已经更正过"


class PaymentRefused(Refusal):
    """WeChat Pay refused to open the payment."""

    code, status, message = "payment_refused", 422, "微信支付暂不可用，请稍后再试"
