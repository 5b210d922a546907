"""Flash sales: when a session runs, how many buyers its gate admits, and what an operator may change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

State: TypeAlias = Literal["not_started", "running", "over"]

LABELS: dict[State, str] = {"not_started": "未开始", "running": "进行中", "over": "已结束"}


@dataclass(frozen=True, slots=True)
class Window:
    """When a session runs: from `starts_at` until before `ends_at`, or until it was stopped."""

    starts_at: datetime
    ends_at: datetime
    stopped_at: datetime | None = None

    @property
    def end(self) -> datetime:
        """The time from which nothing can be bought."""
        return self.ends_at if self.stopped_at is None else min(self.ends_at, self.stopped_at)

    def state(self, now: datetime) -> State:
        """Return the state by the mall's clock. A session that was stopped before its start is over at once."""
        if self.stopped_at is not None or now >= self.ends_at:
            return "over"
        return "not_started" if now < self.starts_at else "running"


def tokens(free: int) -> int:
    """Return how many buyers the gate admits for `free` pieces: a fifth more than pieces, because some do not buy."""
    return -(-free * 6 // 5)


@dataclass(frozen=True, slots=True)
class Item:
    """An operator's change to an item; None leaves a value unchanged. `taken` counts pieces held or sold."""

    price_fen: int | None
    stock: int | None
    list_price_fen: int
    available: int
    """Pieces of the SKU that can be reserved for the sale."""
    old_price_fen: int | None = None
    old_stock: int = 0
    taken: int = 0


def problems(item: Item, *, started: bool) -> list[tuple[str, str]]:
    """Return what is wrong with a change of an item, as `(field, problem)`."""
    found = []
    if item.old_price_fen is not None and started and item.price_fen not in (None, item.old_price_fen):
        found.append(("price_fen", "开始后不能改价"))
    elif item.price_fen is not None and item.price_fen > item.list_price_fen:
        found.append(("price_fen", "不能高于商品售价"))
    if item.stock is not None:
        if item.stock < item.taken:
            found.append(("stock", f"已被下单 {item.taken} 件，不能少于它"))
        if item.stock - item.old_stock > item.available:
            found.append(("stock", f"商品可售库存只剩 {item.available} 件，最多 {item.old_stock + item.available} 件"))
    return found
