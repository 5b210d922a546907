"""The points mall: when a good can be exchanged, and what an operator may set."""

from typing import Literal, TypeAlias

import msgspec

State: TypeAlias = Literal["open", "sold_out", "stopped"]

LABELS: dict[State, str] = {"open": "可兑换", "sold_out": "已兑完", "stopped": "已下架"}


class Good(msgspec.Struct, frozen=True):
    """A good with its present figures; amounts are per piece."""

    points: int
    price_fen: int
    list_price_fen: int
    stock: int
    taken: int
    available: int
    """Pieces of the SKU that can be sold."""
    per_member: int | None
    active: bool

    @property
    def left(self) -> int:
        """Pieces that can still be exchanged."""
        return max(0, min(self.stock - self.taken, self.available))

    @property
    def state(self) -> State:
        """A good whose cash price reaches the SKU's price is stopped: the points would save no money."""
        if not self.active or self.price_fen >= self.list_price_fen:
            return "stopped"
        return "open" if self.left else "sold_out"


def problems(good: Good) -> list[tuple[str, str]]:
    """Return what is wrong with a good as an operator set it, as `(field, problem)`."""
    found = []
    if good.price_fen >= good.list_price_fen:
        found.append(("price_fen", "应低于商品售价，差额由积分兑换"))
    if good.stock < good.taken:
        found.append(("stock", f"已兑换 {good.taken} 件，不能少于它"))
    return found


def refusal(good: Good, pieces: int, had: int) -> dict[str, int | str] | None:
    """Return why a member who already had `had` pieces cannot have `pieces` more, with facts; None when they can."""
    if good.state == "stopped":
        return {"reason": "over"}
    if good.per_member is not None and had + pieces > good.per_member:
        return {"reason": "limit", "per_member": good.per_member}
    if good.left < pieces:
        return {"reason": "sold_out", "left": good.left}
    return None
