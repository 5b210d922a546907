"""Read the ledger for operators, page by page: accounts, their lines, entries and the objects they are about."""

from dataclasses import dataclass
from datetime import datetime

from server import db
from server.core.errors import NotFound
from server.ledger.chart import CNY, COUPON_VALUE, POINT, Account

ACCOUNTS = "ledger_accounts a"
ACCOUNT_COLUMNS = (
    "a.id, a.member_id, a.code, a.source, a.currency, a.balance + CASE WHEN a.member_id = 0 THEN COALESCE((SELECT"
    " sum(d.amount) FROM ledger_deltas d WHERE d.account_id = a.id), 0) ELSE 0 END::bigint AS balance"
)
"""`balance` includes changes that are not rolled up yet. Only shop accounts have those."""
ENTRIES = "ledger_entries e"
_MOVED = (
    "(SELECT COALESCE(sum(l.amount), 0)::bigint FROM ledger_lines l WHERE l.entry_id = e.id AND l.amount > 0"
    " AND l.currency = '{}')"
)
"""What an entry moves in one currency: the sum of its credits, which is also the sum of its debits."""
_AMOUNTS = f"{_MOVED.format(CNY)} AS amount_fen, {_MOVED.format(POINT)} AS points"
_LINES_OF = (
    "(SELECT jsonb_agg(jsonb_build_object('member_id', l.member_id, 'code', l.code, 'currency', l.currency,"
    " 'amount', l.amount) ORDER BY l.id) FROM ledger_lines l WHERE l.entry_id = e.id)"
)
ENTRY_COLUMNS = f"e.id, e.posted_at, e.kind, e.why, e.key, e.link, e.reverses_id, {_AMOUNTS}, {_LINES_OF} AS lines"
"""`lines` is JSON: each line with its member (0: the shop), account, currency and signed amount."""

_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account and its balance now, in fen or points; positive on the account's normal side."""

    id: int
    member_id: int
    code: str
    source: str
    currency: str
    balance: int


async def account(account_id: int) -> AccountState:
    """Return one account. Raises NotFound, Busy."""
    row = await db.fetch_row(f"SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNTS} WHERE a.id = $1", account_id)  # noqa: S608 - our own columns
    if row is None:
        raise NotFound(what="account")
    return AccountState(**row)


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line of an account: how much it changed the balance, and the balance after it."""

    id: int
    entry_id: int
    posted_at: datetime
    kind: str
    why: str
    link: str
    change: int
    balance_after: int


_LINES = f"""
WITH account AS (SELECT a.debit_normal, x.* FROM (SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNTS} WHERE a.id = $1) x
  JOIN ledger_accounts a ON a.id = x.id)
SELECT l.id, l.entry_id, e.posted_at, e.kind, e.why, e.link, account.balance,
  CASE WHEN account.debit_normal THEN -l.amount ELSE l.amount END AS change
FROM (SELECT * FROM ledger_lines WHERE account_id = $1 AND id < $2 ORDER BY account_id DESC, id DESC LIMIT $3) l
JOIN ledger_entries e ON e.id = l.entry_id CROSS JOIN account ORDER BY l.id DESC
"""  # noqa: S608 - our own columns


async def lines(account_id: int, after: tuple[int, int] | None, limit: int) -> list[AccountLine]:
    """Return an account's lines, newest first. `after` is the last line seen, as (its id, the balance before it).

    Raises Busy. Each page starts from the balance where the last page ended, so no page reads the whole account. One
    inaccuracy is accepted: a shop line may get its number before a page is read and commit after it. Then the balances
    on later pages are off by its amount until somebody reads from the top again.
    """
    before, balance = after or (_NEWEST, None)
    found = list[AccountLine]()
    for row in await db.fetch(_LINES, account_id, before, limit):
        now: int = row["balance"] if balance is None else balance
        told = {name: row[name] for name in ("id", "entry_id", "posted_at", "kind", "why", "link", "change")}
        found.append(AccountLine(**told, balance_after=now))
        balance = now - row["change"]
    return found


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One side of an entry: a positive amount is credit, a negative one is debit."""

    account_id: int
    member_id: int
    code: str
    source: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Named:
    """A reference to another entry, with its key."""

    id: int
    key: str


@dataclass(frozen=True, slots=True)
class EntryState:
    """One entry with all its lines, the entry it reverses and the entries that reverse it."""

    id: int
    key: str
    kind: str
    why: str
    link: str
    effective_at: datetime
    posted_at: datetime
    reverses: Named | None
    reversed_by: list[Named]
    lines: list[EntryLine]


_ENTRY_LINES = """
SELECT l.account_id, l.member_id, l.code, a.source, l.currency, l.amount
FROM ledger_lines l JOIN ledger_accounts a ON a.id = l.account_id WHERE l.entry_id = $1 ORDER BY l.id
"""


async def entry(entry_id: int) -> EntryState:
    """Return one entry. Raises NotFound, Busy."""
    row = await db.fetch_row("SELECT * FROM ledger_entries WHERE id = $1", entry_id)
    if row is None:
        raise NotFound(what="entry")
    reversed_ = await db.fetch_row("SELECT id, key FROM ledger_entries WHERE id = $1", row["reverses_id"])
    later = await db.fetch("SELECT id, key FROM ledger_entries WHERE reverses_id = $1 ORDER BY id", entry_id)
    sides = await db.fetch(_ENTRY_LINES, entry_id)
    return EntryState(
        **{name: row[name] for name in ("id", "key", "kind", "why", "link", "effective_at", "posted_at")},
        reverses=Named(**reversed_) if reversed_ else None,
        reversed_by=[Named(**one) for one in later],
        lines=[EntryLine(**one) for one in sides],
    )


@dataclass(frozen=True, slots=True)
class Mention:
    """A short form of an entry, with what it moves; in a list about one account, with what that account got."""

    id: int
    posted_at: datetime
    kind: str
    why: str
    link: str
    amount_fen: int
    points: int = 0
    coupon_fen: int = 0
    """Worth of coupons of value."""


async def about(link: str, limit: int = 50) -> list[Mention]:
    """Return up to `limit` entries of one business object (`order:T26…`), oldest first. Raises Busy."""
    rows = await db.fetch(
        f"SELECT e.id, e.posted_at, e.kind, e.why, e.link, {_AMOUNTS}, {_MOVED.format(COUPON_VALUE)} AS coupon_fen"  # noqa: S608 - our own columns
        f" FROM {ENTRIES} WHERE e.link = $1 ORDER BY e.link, e.id LIMIT $2",
        link,
        limit,
    )
    return [Mention(**row) for row in rows]


_CREDITS = """
SELECT e.id, e.posted_at, e.kind, e.why, e.link, l.amount AS amount_fen
FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id
WHERE l.member_id = $1 AND l.member_id > 0 AND l.code = $2 AND l.amount > 0
ORDER BY l.member_id DESC, l.entry_id DESC LIMIT $3
"""


async def credits_of(member_id: int, what: Account, limit: int) -> list[Mention]:
    """Return the last credits to a member's accounts of this kind, newest first, in fen. Raises Busy."""
    return [Mention(**row) for row in await db.fetch(_CREDITS, member_id, what.code, limit)]
