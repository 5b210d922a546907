"""Prove what operators did against their log: approvals by two, and the settings of the shop.

The log is a sealed chain that the audit checks by itself, so it tells what nobody could change afterwards.
"""

from server.ledger.proofs.proof import Proof
from server.ledger.proofs.scope import Scope
from server.rules.shop import ShopPolicy


def default_of(name: str) -> int:
    """Return the value of a setting that no operator has changed."""
    default: int = ShopPolicy.__struct_defaults__[ShopPolicy.__struct_fields__.index(name)]
    return default


def in_force(name: str) -> str:
    """Return SQL for the history of an amount in the settings: `since`, `until`, `fen`.

    Before the first change that the log knows, what that change says was before was in force.
    """
    changes = f"""(SELECT id, at, (detail -> 'before' ->> '{name}')::bigint AS before,
    (detail -> 'after' ->> '{name}')::bigint AS after
  FROM public.audit_log WHERE action = 'settings.change' AND detail -> 'after' ? '{name}') c"""  # noqa: S608 - our own text
    return f"""
  SELECT at AS since, lead(at, 1, 'infinity'::timestamptz) OVER (ORDER BY id) AS until, after AS fen FROM {changes}
  UNION ALL SELECT '-infinity'::timestamptz, COALESCE(min(at), 'infinity'), COALESCE((array_agg(before ORDER BY id))[1],
    (SELECT (terms ->> '{name}')::bigint FROM shop_policy), {default_of(name)}) FROM {changes}"""  # noqa: S608 - our own text


_APPROVALS = """
SELECT COALESCE('approval:' || a.id, l.subject) AS subject, a.kind, a.subject AS about, a.state, a.asked_by,
  a.decided_by, (a.kind, a.subject, a.asked_by, a.state, a.decided_by)
    IS DISTINCT FROM (l.kind, l.about, l.asked_by, COALESCE(l.state, 'waiting'), l.decided_by) AS wrong
FROM approvals a FULL JOIN (
  SELECT subject, max(actor) FILTER (WHERE action = 'approval.ask') AS asked_by, max(detail ->> 'kind') AS kind,
    max(detail ->> 'of') AS about, max(actor) FILTER (WHERE action <> 'approval.ask') AS decided_by,
    max(detail ->> 'after') AS state
  FROM audit_log WHERE action IN ('approval.ask', 'approval.approve', 'approval.reject', 'approval.cancel',
    'approval.fail', 'approval.expire') GROUP BY subject) l ON l.subject = 'approval:' || a.id
"""

_SETTINGS = f"""
SELECT c.name, c.after, p.terms -> c.name AS now, c.after IS DISTINCT FROM p.terms -> c.name AS wrong
FROM (SELECT DISTINCT ON (f.name) f.name, f.after FROM audit_log l
  CROSS JOIN LATERAL jsonb_each(l.detail -> 'after') AS f (name, after)
  WHERE l.action = 'settings.change' ORDER BY f.name, l.id DESC) c
LEFT JOIN shop_policy p ON true WHERE c.name IN {ShopPolicy.__struct_fields__}
"""  # noqa: S608 - our own names

PROOFS: tuple[Proof, ...] = (
    Proof("approvals", "审批与操作日志一致", _APPROVALS, Scope.RESTING),
    Proof("settings", "商城设置与操作日志一致", _SETTINGS, Scope.RESTING),
)
