"""Prove that no job is lost."""

from server.ledger.proofs.proof import Proof
from server.ledger.proofs.scope import Scope

# A retry waits at most one hour. A row that is due far in the future would never be run. The newest row is never
# deleted, so the outbox of a shop that ever had a job is not empty.
_OUTBOX = """
SELECT id AS outbox_id, job, attempts, due_at, done_at IS NULL AND due_at > $1::timestamptz + interval '1 day' AS wrong
FROM outbox
UNION ALL SELECT pg_sequence_last_value('outbox_id_seq'), 'sequence', NULL, NULL,
  pg_sequence_last_value('outbox_id_seq') IS NOT NULL AND NOT EXISTS (SELECT FROM outbox)
"""

PROOFS: tuple[Proof, ...] = (Proof("outbox", "后台任务没有丢失", _OUTBOX, Scope.RESTING),)
