"""The ledger compared with a simple model: whatever happens to a member, the database agrees with plain sums."""

import asyncio
import itertools
import secrets
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from server.core.errors import BalanceInsufficient
from server.ledger import book, entries, statement
from server.ledger.audit import Report, prove
from server.ledger.chart import SPEND_ONLY, WITHDRAWABLE, Account
from server.ledger.entries import Debt, Entry, Held, Taken, Wallet
from server.rules.take_backs import take_back
from tests.ledger.members import own

AT = datetime(2026, 11, 1, tzinfo=UTC)
FEN = st.integers(1, 1_000)
LEDGER = {"entries_balance", "accounts_equal_lines", "lines_fit_accounts", "members_not_negative", "available_after"}
T = TypeVar("T")
_serial = itertools.count(1)


class Books(RuleBasedStateMachine):
    """One member, in a database that all examples share."""

    loop: asyncio.AbstractEventLoop
    connection: asyncpg.Connection

    rebates = Bundle("rebates")
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.model = Wallet(0, 0, {}, ())
        self.granted: dict[int, int] = {}
        """What each rebate granted and was not taken back."""
        self.sources: list[str] = []
        """Debts in the order in which they first arose."""
        self.last: tuple[Entry, int | None] | None = None
        self.member: int = self.run(
            self.connection.fetchval(
                "INSERT INTO members (openid, nickname, avatar_url, share_code, state, created_at, seen_at)"
                " VALUES ($1, '', '', $1, 'active', $2, $2) RETURNING id",
                secrets.token_hex(8),
                AT,
            )
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def post(self, entry: Entry) -> None:
        async def posted() -> int | None:
            async with self.connection.transaction():
                return await book.post(self.connection, entry, AT)

        self.last = entry, self.run(posted())

    def credit(self, account: Account, amount_fen: int) -> None:
        left = amount_fen
        debts = []
        for debt in self.model.debts:
            paid = min(debt.amount_fen, left)
            left -= paid
            debts.append(replace(debt, amount_fen=debt.amount_fen - paid))
        field = f"{account.code}_fen"
        self.model = replace(
            self.model,
            debts=tuple(debt for debt in debts if debt.amount_fen),
            **{field: getattr(self.model, field) + left},
        )

    def owe(self, source: str, amount_fen: int) -> None:
        owed = {debt.source: debt.amount_fen for debt in self.model.debts}
        owed[source] = owed.get(source, 0) + amount_fen
        if source not in self.sources and amount_fen:
            self.sources.append(source)
        debts = tuple(Debt(name, owed[name]) for name in self.sources if owed.get(name))
        self.model = replace(self.model, debts=debts)

    def freeze(self, source: str, amount_fen: int) -> None:
        frozen = self.model.frozen_fen | {source: self.model.frozen_fen.get(source, 0) + amount_fen}
        self.model = replace(self.model, frozen_fen={name: fen for name, fen in frozen.items() if fen})

    @rule(target=rebates, amount_fen=FEN)
    def grant(self, amount_fen: int) -> int:
        rebate_id = next(_serial)
        self.run(own(self.connection, self.member, f"rebate:{rebate_id}"))
        self.granted[rebate_id] = amount_fen
        self.post(entries.rebate_stage(rebate_id, 1, rebate_id, self.member, amount_fen))
        self.freeze(entries.rebate_source(rebate_id), amount_fen)
        return rebate_id

    @rule(rebate_id=rebates, account=st.sampled_from([SPEND_ONLY, WITHDRAWABLE]))
    def release(self, rebate_id: int, account: Account) -> None:
        source = entries.rebate_source(rebate_id)
        amount_fen = self.model.frozen_fen.get(source, 0)
        debts = self.model.debts
        self.post(entries.rebate_release(rebate_id, next(_serial), self.member, amount_fen, account, debts))
        self.freeze(source, -amount_fen)
        self.credit(account, amount_fen)

    @rule(rebate_id=rebates, amount_fen=FEN, owing=st.booleans())
    def take(self, rebate_id: int, amount_fen: int, owing: bool) -> None:
        source, wallet = entries.rebate_source(rebate_id), self.model
        amount_fen = min(amount_fen, self.granted[rebate_id])
        found = take_back(amount_fen, wallet.frozen_fen.get(source, 0), wallet.spend_only_fen, wallet.withdrawable_fen)
        owed = found.short_fen if owing else 0
        taken = Taken(found.frozen_fen, found.spend_only_fen, found.withdrawable_fen, owed)
        self.granted[rebate_id] -= amount_fen - found.short_fen + owed
        self.post(entries.rebate_take_back(f"back:{next(_serial)}", rebate_id, self.member, "收回", taken))
        self.model = replace(
            wallet,
            spend_only_fen=wallet.spend_only_fen - taken.spend_only_fen,
            withdrawable_fen=wallet.withdrawable_fen - taken.withdrawable_fen,
        )
        self.freeze(source, -taken.frozen_fen)
        self.owe(source, owed)

    @rule(target=orders, spend_only_fen=FEN, withdrawable_fen=FEN)
    def hold(self, spend_only_fen: int, withdrawable_fen: int) -> Any:
        order_no = f"T{next(_serial)}"
        self.run(own(self.connection, self.member, f"order:{order_no}"))
        entry = entries.order_hold(order_no, self.member, spend_only_fen, withdrawable_fen)
        if spend_only_fen > self.model.spend_only_fen or withdrawable_fen > self.model.withdrawable_fen:
            with pytest.raises(BalanceInsufficient):
                self.post(entry)
            return multiple()
        self.post(entry)
        self.model = replace(
            self.model,
            spend_only_fen=self.model.spend_only_fen - spend_only_fen,
            withdrawable_fen=self.model.withdrawable_fen - withdrawable_fen,
        )
        return order_no, spend_only_fen, withdrawable_fen

    @rule(order=consumes(orders))
    def close(self, order: tuple[str, int, int]) -> None:
        self.post(entries.order_release(order[0], self.member, Held(order[1], order[2]), self.model))
        self.credit(SPEND_ONLY, order[1])
        self.credit(WITHDRAWABLE, order[2])

    @rule(order=consumes(orders), cash_fen=FEN)
    def pay(self, order: tuple[str, int, int], cash_fen: int) -> None:
        self.post(entries.order_paid(order[0], cash_fen, order[1] + order[2]))

    @rule()
    def say_it_again(self) -> None:
        if self.last is not None:
            entry, posted = self.last
            self.post(entry)
            assert self.last == (entry, posted)

    @rule()
    def roll_up(self) -> None:
        self.run(self.connection.fetchval("SELECT ledger_roll_up(3)"))

    @invariant()
    def the_wallet_is_the_models(self) -> None:
        assert self.run(statement.wallet(self.connection, self.member)) == self.model

    async def proved(self) -> Report:
        async with self.connection.transaction():
            return await prove(self.connection, AT)

    def teardown(self) -> None:
        report = self.run(self.proved())
        assert [check for check in report.checks if check.name in LEDGER and check.wrong] == []


def test_the_books_say_what_simple_sums_say(own_database_url: str) -> None:
    Books.loop = asyncio.new_event_loop()
    try:
        Books.connection = Books.loop.run_until_complete(asyncpg.connect(own_database_url))
        run_state_machine_as_test(
            Books,
            settings=settings(
                max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        Books.loop.run_until_complete(Books.connection.close())
    finally:
        Books.loop.close()
