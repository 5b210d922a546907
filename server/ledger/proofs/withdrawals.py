"""Prove that money in flight belongs to a withdrawal, and that each withdrawal has its entries."""

from server.ledger.proofs.operators import in_force
from server.ledger.proofs.proof import Proof
from server.ledger.proofs.scope import Scope

LIVE = "('requested', 'approved', 'sent', 'confirming')"
"""The states of a withdrawal whose money is in flight."""

_IN_FLIGHT = f"""
SELECT COALESCE(a.member_id, w.member_id) AS member_id, a.balance, w.asked AS asked_fen,
  COALESCE(a.balance, 0) <> COALESCE(w.asked, 0) AS wrong
FROM (SELECT member_id, balance FROM ledger_accounts WHERE code = 'in_flight') a
FULL JOIN (SELECT member_id, sum(amount_fen) AS asked FROM withdrawals WHERE state IN {LIVE} GROUP BY member_id) w
  ON w.member_id = a.member_id
"""  # noqa: S608 - our own text

_WITHDRAWAL_ENTRIES = f"""
WITH owed AS (
  SELECT 'withdrawal:' || withdrawal_no AS key, member_id, amount_fen AS flight, 0 AS cash, 0 AS fee, 0 AS tax
    FROM withdrawals
  UNION ALL SELECT 'withdrawal-paid:' || withdrawal_no, member_id, -amount_fen, payout_fen, fee_fen, tax_fen
    FROM withdrawals WHERE state = 'paid'
  UNION ALL SELECT 'withdrawal-back:' || withdrawal_no, member_id, -amount_fen, 0, 0, 0
    FROM withdrawals WHERE state <> 'paid' AND state NOT IN {LIVE}), posted AS (
  SELECT e.key, max(l.member_id) AS member_id, sum(l.amount) FILTER (WHERE l.code = 'in_flight') AS flight,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'wechat_cash'), 0) AS cash,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'withdrawal_fee'), 0) AS fee,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'tax_withheld'), 0) AS tax
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE e.kind IN ('withdrawal_request', 'withdrawal_paid', 'withdrawal_back') GROUP BY e.id, e.key)
SELECT COALESCE(o.key, p.key) AS key, p.flight, p.cash, p.fee, p.tax, o.key IS NOT NULL AS owed,
  (o.key, o.member_id, o.flight, o.cash, o.fee, o.tax)
    IS DISTINCT FROM (p.key, p.member_id, p.flight, p.cash, p.fee, p.tax) AS wrong
FROM owed o FULL JOIN posted p ON p.key = o.key
"""  # noqa: S608 - our own text

# Who must approve follows from the settings in force when it was approved. They are read a moment before the clock, and
# a change shows when it is committed: for a minute either of two limits may have counted, so the higher one does here.
_APPROVALS = f"""
WITH second AS ({in_force("withdrawal_second_from_fen")}),
auto AS ({in_force("withdrawal_auto_below_fen")}),
judged AS (
  SELECT *, 'withdrawal_approve:' || withdrawal_no AS key, sent_at IS NOT NULL OR state IN ('approved', 'sent',
      'confirming', 'paid', 'failed', 'expired') AS passed,
    (SELECT max(fen) FROM second s WHERE w.approved_at >= s.since AND w.approved_at <= s.until + interval '1 minute')
      AS second_from_fen,
    (SELECT max(fen) FROM auto a WHERE w.approved_at >= a.since AND w.approved_at <= a.until + interval '1 minute')
      AS auto_below_fen
  FROM withdrawals w)
SELECT id AS withdrawal_id, withdrawal_no, member_id, state, amount_fen, approved_by, second_by, second_from_fen,
  auto_below_fen,
  ((approved_by IS NULL) <> (approved_at IS NULL) OR (second_by IS NULL) <> (second_at IS NULL)
    OR second_by = approved_by OR second_by IS NOT NULL AND approved_by IS NULL OR passed AND approved_by IS NULL
    OR passed AND second_by IS NULL AND amount_fen >= second_from_fen
    OR passed AND approved_by = 'system' AND amount_fen >= auto_below_fen
    OR (state = 'requested' AND approved_by IS NOT NULL) <> (key IN (SELECT key FROM approvals WHERE state = 'waiting'))
    OR second_by IS NOT NULL AND (key, approved_by, second_by) NOT IN (
      SELECT key, asked_by, decided_by FROM approvals WHERE state = 'approved')) IS TRUE AS wrong
FROM judged
"""  # noqa: S608 - our own text

PROOFS: tuple[Proof, ...] = (
    Proof("in_flight", "在途提现等于未完成的提现", _IN_FLIGHT, Scope.WALLET),
    Proof("withdrawal_approvals", "每笔提现都经过审批", _APPROVALS, Scope.BUYER),
    Proof("withdrawal_entries", "每笔提现的分录齐全", _WITHDRAWAL_ENTRIES, Scope.BUYER),
)
