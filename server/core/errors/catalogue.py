"""Refusals of goods that cannot be bought."""

from server.core.refusal import Refusal


class StockInsufficient(Refusal):
    """Fewer pieces are left than were asked for; `sku_id` and `available` give the details."""

    code, status, message = "stock_insufficient", 422, "库存不足"


class SkuUnavailable(Refusal):
    """The SKU or its product is not on sale."""

    code, status, message = "sku_unavailable", 422, "商品已下架"


class PurchaseLimit(Refusal):
    """A member may buy at most `limit` pieces of the product and already bought `bought`."""

    code, status, message = "purchase_limit", 422, "超过每人限购数量"


class LevelRequired(Refusal):
    """The product is only for members of this level (by name) or above."""

    code, status, message = "level_required", 422, "会员等级不够，暂时不能购买"

    def __init__(self, product_id: int, level: str) -> None:
        super().__init__(product_id=product_id, level=level)
        self.message = f"{level}及以上会员专享"
