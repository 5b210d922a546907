"""What the books say of single movements of cash, to be laid beside WeChat's bills."""

from server.ledger.chart import Account


def credited_fen(key: str, account: Account) -> str:
    """SQL for what the entry under `key` (SQL for a text) credited a shop account with; 0 where there is no entry."""
    return f"""(SELECT COALESCE(sum(l.amount), 0)::bigint FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  AND l.member_id = 0 AND l.code = '{account.code}' WHERE e.key = {key})"""  # noqa: S608 - our own text
