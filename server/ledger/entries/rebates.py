"""Builders of the entries of a rebate: stages granted as frozen, released, taken back."""

from collections.abc import Sequence

from server.ledger.chart import FROZEN, REBATE_COST, Account
from server.ledger.entries.parts import Debt, Entry, Line, Taken, credit, moved, take_back


def rebate_source(rebate_id: int) -> str:
    """Return the source name of frozen money and debt from one rebate."""
    return f"rebate:{rebate_id}"


def rebate_stage(rebate_id: int, position: int, stage_id: int, member_id: int, amount_fen: int) -> Entry:
    """Build the entry that grants one stage of a rebate as frozen money."""
    return Entry(
        f"rebate:{rebate_id}:stage:{position}:{stage_id}",
        "rebate_stage",
        f"推荐满员返还，第 {position} 位好友",
        rebate_source(rebate_id),
        moved(
            Line(0, REBATE_COST, -amount_fen),
            Line(member_id, FROZEN, amount_fen, rebate_source(rebate_id)),
        ),
    )


def rebate_release(
    rebate_id: int, stage_id: int, member_id: int, amount_fen: int, destination: Account, debts: Sequence[Debt]
) -> Entry:
    """Build the entry that releases frozen rebate money to `destination`; debts are paid first."""
    return Entry(
        f"rebate:{rebate_id}:release:{stage_id}",
        "rebate_release",
        "观察期结束，返还到账",
        rebate_source(rebate_id),
        moved(
            Line(member_id, FROZEN, -amount_fen, rebate_source(rebate_id)),
            credit(member_id, [(destination, amount_fen)], debts),
        ),
    )


def rebate_take_back(key: str, rebate_id: int, member_id: int, why: str, taken: Taken) -> Entry:
    """Build the entry that takes rebate money back: from frozen, spend-only, withdrawable, then as debt."""
    return take_back("rebate_take_back", key, rebate_source(rebate_id), member_id, why, taken, REBATE_COST)
