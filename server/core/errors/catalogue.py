"""Refusals of what cannot be bought."""

from server.core.refusal import Refusal


class StockInsufficient(Refusal):
    """Fewer pieces left than asked for; `sku_id` and `available` say which."""

    code, status, message = "stock_insufficient", 422, "库存不足"


class SkuUnavailable(Refusal):
    """The SKU or its product is not on sale."""

    code, status, message = "sku_unavailable", 422, "商品已下架"


class PurchaseLimit(Refusal):
    """A product may be bought only so often: `limit` pieces per member, `bought` of them already."""

    code, status, message = "purchase_limit", 422, "超过每人限购数量"


class LevelRequired(Refusal):
    """A product is for members of a level (its name) or above."""

    code, status, message = "level_required", 422, "会员等级不够，暂时不能购买"

    def __init__(self, product_id: int, level: str) -> None:
        super().__init__(product_id=product_id, level=level)
        self.message = f"{level}及以上会员专享"
