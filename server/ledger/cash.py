"""What the books say about single movements of cash, to compare with WeChat's bills."""

from server.ledger.chart import Account


def credited_fen(key: str, account: Account) -> str:
    """Return SQL for the amount that the entry `key` credited to a shop account; 0 when there is no such entry.

    `key` is itself an SQL expression of type text.
    """
    return f"""(SELECT COALESCE(sum(l.amount), 0)::bigint FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  AND l.member_id = 0 AND l.code = '{account.code}' WHERE e.key = {key})"""  # noqa: S608 - our own text
