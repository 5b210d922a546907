"""Faults and verdicts that a developer or a test turns on.

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
"""What a fault can be limited to: an API operation, or one kind of notification."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often (None: until reset) and for which operation (None: any) something goes wrong."""

    count: int | None = None
    op: Operation | None = None


Switch = Fault | bool | int | None
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class MiniError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `errcode` that mini-program operations answer instead of doing anything."""

    errcode: int
    count: int | None = None
    op: Operation | None = None


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that can be turned; the defaults are a WeChat in good health.

    Notifications (`op` names the kind, default all): `duplicate` sends so many extra copies; `delay_s` sends
    them so many seconds of the clock later; `drop` loses them for good; `reorder` holds one back until the next has
    gone out; `tamper` changes the body after signing, `stale` stamps it ten minutes ago (both per attempt); `signtest`
    sends a signature probe first; `wrong_amount`, `foreign_mchid`, `foreign_appid`, `unknown_number` falsify what it
    says, properly signed. `second_payment`: paying a paid number again makes a second transaction.

    Operations: `fail_500_after_commit`, `timeout_after_commit` (the answer is held for `timeout_hold_s` real seconds
    and never given), `bad_signature_after_commit` do the work and spoil the answer; `rate_limited` refuses it.

    `signing`: `public_key` (a new merchant), `switching` (notifications still signed with the platform certificate),
    `certificate` (everything is). `refund_outcome` and `refund_delay_s` (clock seconds) decide how refunds end,
    `transfer_fail_reason` (None: they succeed) and `transfer_delay_s` how confirmed transfers do. `not_enough` refuses
    refunds or transfers for lack of funds, `name_mismatch` fails a transfer that names its receiver. `bills_today`
    serves the running day's bills, which WeChat only has from ten o'clock the next day; `statement_creating` says
    "not yet" of any.

    Mini program: `mini_error` answers an errcode, `user_blocked` refuses a login, `shipping_not_found` does not know a
    payment yet; `trade_managed`, `content_suggest` and `risk_rank` are the verdicts given; `push_mode` of the events.
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
    """The knobs as they stand, kept with the rest of the state."""

    def __init__(self, store: Store) -> None:
        """Take up the knobs where an earlier run left them."""
        self._store = store
        self.now = Knobs()
        self.read()

    def read(self) -> None:
        """Take up the knobs as the state has them."""
        self.now = msgspec.convert(self._store.get("knobs", "now") or {}, Knobs)

    def turn(self, body: bytes) -> Knobs:
        """Replace the given fields (`{"reset": true}`: all back to health first) and say how the knobs stand now.

        msgspec.ValidationError (a ValueError) for unknown fields, operations or values; nothing changes then.
        """
        given = msgspec.json.decode(body or b"{}", type=dict[str, msgspec.Raw])
        reset = "reset" in given and msgspec.json.decode(given.pop("reset"), type=bool)
        base = Knobs() if reset else self.now
        changes = msgspec.json.decode(msgspec.json.encode(given), type=Knobs)
        values = {name: _stored(name, getattr(changes, name)) for name in given}
        self._save(msgspec.structs.replace(base, **values))
        return self.now

    def take(self, name: str, op: Operation) -> bool:
        """Whether the fault `name` strikes `op` now; a counted one is used up by that."""
        fault = getattr(self.now, name)
        if not isinstance(fault, Fault) or (fault.op is not None and fault.op != op):
            return False
        self._use(name, fault)
        return True

    def take_mini_error(self, op: Operation) -> int | None:
        """The `errcode` that `op` shall answer now, if any."""
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
    """A switch in its one stored form, a Fault or None for off; other values as they are."""
    if name not in _SWITCHES:
        return value
    if isinstance(value, bool):
        return Fault() if value else None
    if isinstance(value, int):
        value = Fault(count=value)
    return None if value is None or (value.count is not None and value.count < 1) else value
