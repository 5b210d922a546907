"""Faults and results that a developer or a test can set.

A fault is written as `true` (until reset), a number (the next so many times), `{"count": 2, "op": "refund"}` (limited
to one operation), or `false` / `null` / 0 (off). The other knobs are plain values.
"""

from typing import Annotated, Any, Literal

import msgspec

from server.sandbox.store import Store

Operation = Literal[
    "prepay", "query", "close", "refund", "refund_query", "refund_abnormal", "transfer", "transfer_query",
    "transfer_cancel", "trade_bill", "fund_bill", "bill_download", "certificates", "code2session", "session", "token",
    "phone", "send", "wxacode", "link", "content_check", "risk_rank", "shipping", "shipping_query", "shipping_setup",
    "pay_notify", "refund_notify", "transfer_notify",
]  # fmt: skip
"""The scope of a fault: an API operation, or one kind of notification."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often something fails (None: until reset) and in which operation (None: in any)."""

    count: int | None = None
    op: Operation | None = None


Switch = Fault | bool | int | None
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class MiniError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `errcode` that mini-program operations answer without doing anything."""

    errcode: int
    count: int | None = None
    op: Operation | None = None


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All knobs; by default WeChat works without faults.

    Notifications (`op` names the kind, default all): `duplicate` sends so many extra copies; `delay_s` sends them so
    many seconds later by the clock; `drop` never sends them; `reorder` holds one back until the next was sent; `tamper`
    changes the body after signing, `stale` dates it ten minutes back (both per attempt); `signtest` sends a signature
    probe first; `wrong_amount`, `foreign_mchid`, `foreign_appid`, `unknown_number` put false content under a valid
    signature. `second_payment`: paying a paid number again makes a second transaction.

    Operations: `fail_500_after_commit`, `timeout_after_commit` (the answer is held for `timeout_hold_s` real seconds
    and never sent) and `bad_signature_after_commit` do the work and spoil the answer; `rate_limited` refuses the work.

    `signing`: `public_key` (a new merchant), `switching` (notifications still signed with the platform certificate),
    `certificate` (everything is). `refund_outcome` and `refund_delay_s` (clock seconds) set how and when refunds end,
    `transfer_fail_reason` (None: success) and `transfer_delay_s` the same for confirmed transfers. `not_enough` refuses
    refunds or transfers for lack of funds, `name_mismatch` fails a transfer that names its receiver. `bills_today`
    serves bills of the running day, which WeChat only has from ten o'clock the next day; `statement_creating` answers
    "not yet" for any bill.

    Mini program: `mini_error` answers an errcode, `user_blocked` refuses a login, `shipping_not_found` does not know a
    payment yet; `trade_managed`, `content_suggest`, `risk_rank` are results to return; `push_mode` is for the events.
    """

    duplicate: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    delay_s: Seconds = 0
    drop: Switch = None
    reorder: Switch = None
    tamper: Switch = None
    stale: Switch = None
    signtest: Switch = None
    wrong_amount: Switch = None
    foreign_mchid: Switch = None
    foreign_appid: Switch = None
    unknown_number: Switch = None
    second_payment: Switch = None
    fail_500_after_commit: Switch = None
    timeout_after_commit: Switch = None
    timeout_hold_s: Seconds = 35
    bad_signature_after_commit: Switch = None
    rate_limited: Switch = None
    signing: Literal["public_key", "switching", "certificate"] = "public_key"
    refund_outcome: Literal["SUCCESS", "ABNORMAL", "CLOSED"] = "SUCCESS"
    refund_delay_s: Seconds = 1
    transfer_fail_reason: str | None = None
    transfer_delay_s: Seconds = 0
    bills_today: bool = True
    not_enough: Switch = None
    name_mismatch: Switch = None
    statement_creating: Switch = None
    mini_error: MiniError | None = None
    user_blocked: Switch = None
    shipping_not_found: Switch = None
    trade_managed: bool = True
    content_suggest: Literal["pass", "review", "risky"] = "pass"
    risk_rank: Literal[0, 1, 2, 3, 4] = 0
    push_mode: Literal["plain", "safe"] = "safe"


class KnobPanel:
    """The current knobs, stored with the rest of the state."""

    def __init__(self, store: Store) -> None:
        """Load the knobs that an earlier run stored."""
        self._store = store
        self.now = Knobs()
        self.read()

    def read(self) -> None:
        """Load the knobs from the state."""
        self.now = msgspec.convert(self._store.get("knobs", "now") or {}, Knobs)

    def turn(self, body: bytes) -> Knobs:
        """Replace the given fields (`{"reset": true}`: first reset all) and return all knobs.

        Raises msgspec.ValidationError (a ValueError) for unknown fields, operations or values; then nothing changes.
        """
        given = msgspec.json.decode(body or b"{}", type=dict[str, msgspec.Raw])
        reset = "reset" in given and msgspec.json.decode(given.pop("reset"), type=bool)
        base = Knobs() if reset else self.now
        changes = msgspec.json.decode(msgspec.json.encode(given), type=Knobs)
        values = {name: _stored(name, getattr(changes, name)) for name in given}
        self._save(msgspec.structs.replace(base, **values))
        return self.now

    def take(self, name: str, op: Operation) -> bool:
        """Return whether the fault `name` hits `op` now; a counted fault is reduced by one."""
        fault = getattr(self.now, name)
        if not isinstance(fault, Fault) or (fault.op is not None and fault.op != op):
            return False
        self._use(name, fault)
        return True

    def take_mini_error(self, op: Operation) -> int | None:
        """Return the `errcode` that `op` must answer now, if any."""
        error = self.now.mini_error
        if error is None or (error.op is not None and error.op != op):
            return None
        self._use("mini_error", error)
        return error.errcode

    def _use(self, name: str, fault: Fault | MiniError) -> None:
        if fault.count is None:
            return
        left = fault.count - 1
        after = msgspec.structs.replace(fault, count=left) if left > 0 else None
        self._save(msgspec.structs.replace(self.now, **{name: after}))

    def _save(self, knobs: Knobs) -> None:
        self.now = knobs
        self._store.put("knobs", "now", msgspec.to_builtins(knobs))


_SWITCHES = frozenset(field.name for field in msgspec.structs.fields(Knobs) if field.type == Switch)


def _stored(name: str, value: Any) -> Any:
    """Return a switch as it is stored, a Fault or None for off; other values unchanged."""
    if name not in _SWITCHES:
        return value
    if isinstance(value, bool):
        return Fault() if value else None
    if isinstance(value, int):
        value = Fault(count=value)
    return None if value is None or (value.count is not None and value.count < 1) else value
