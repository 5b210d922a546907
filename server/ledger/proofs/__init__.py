"""What must always hold for the ledger and the business tables: one SQL query per proof."""

from server.ledger.proofs import (
    books,
    coupons,
    entries,
    flash_sales,
    goods,
    group_buys,
    liveness,
    operators,
    orders,
    outbox,
    ownership,
    points_goods,
    rewards,
    withdrawals,
)
from server.ledger.proofs.proof import Proof

PROOFS: tuple[Proof, ...] = (
    *books.PROOFS,
    *entries.PROOFS,
    *withdrawals.PROOFS,
    *orders.PROOFS,
    *coupons.PROOFS,
    *goods.PROOFS,
    *rewards.PROOFS,
    *group_buys.PROOFS,
    *flash_sales.PROOFS,
    *points_goods.PROOFS,
    *outbox.PROOFS,
    *ownership.PROOFS,
    *operators.PROOFS,
    *liveness.PROOFS,
)
