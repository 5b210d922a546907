"""Prove that no job is lost."""

from server.ledger.proofs.proof import Proof

# A retry waits at most one hour. A row that is due far in the future would never be run.
_OUTBOX = """
SELECT id AS outbox_id, job, attempts, due_at, done_at IS NULL AND due_at > $1::timestamptz + interval '1 day' AS wrong
FROM outbox
"""

PROOFS: tuple[Proof, ...] = (Proof("outbox", "后台任务没有丢失", _OUTBOX),)
