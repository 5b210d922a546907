"""The second factor: TOTP codes (RFC 6238) of an authenticator app. A code works once, up to one step early or late."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import segno

from server import db
from server.core.errors import CodeWrong
from server.gateways.ports import Deps
from server.services.common import audit_log
from server.services.operators.sessions import Operator

ISSUER = "推三返一商城"
_COLUMN = "operators.totp_sealed"
_DRIFT_STEPS = (0, -1, 1)
_CHOOSING = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret for an authenticator app, as text and as a QR code in a `data:` URL."""

    secret: str
    picture: str


async def offer(deps: Deps, operator: Operator) -> Offer:
    """Return a secret for the operator, the same one for 15 minutes. It becomes valid when `confirm` sees its code."""
    fresh = deps.cipher.seal(pyotp.random_base32(), _COLUMN)
    await deps.redis.set(_offered(operator), fresh, ex=_CHOOSING, nx=True)
    sealed = await deps.redis.get(_offered(operator))
    secret = deps.cipher.open(sealed.decode() if sealed else fresh, _COLUMN)
    address = pyotp.TOTP(secret, name=operator.name, issuer=ISSUER).provisioning_uri()
    return Offer(secret, segno.make(address, error="m").svg_data_uri(scale=5, dark="#2b211c", border=2))


async def confirm(deps: Deps, operator: Operator, code: str) -> None:
    """Store the offered secret if the code was made with it. Raises CodeWrong."""
    sealed = await deps.redis.get(_offered(operator))
    at = deps.clock.now()
    step = step_of(deps, sealed.decode(), code, at) if sealed else None
    if sealed is None or step is None:
        raise CodeWrong
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE operators SET totp_sealed = $2, totp_step = $3 WHERE id = $1", operator.id, sealed.decode(), step
        )
        detail = {"before": operator.has_totp, "after": True}
        await audit_log.record(tx, at, operator.name, "operator.totp_set", f"operator:{operator.name}", detail)
    await deps.redis.delete(_offered(operator))


def step_of(deps: Deps, sealed: str, code: str, at: datetime) -> int | None:
    """Return the time step of a correct code (the current step or one beside it); None for a wrong code."""
    totp = pyotp.TOTP(deps.cipher.open(sealed, _COLUMN))
    for drift in _DRIFT_STEPS:
        step = totp.timecode(at) + drift
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()):
            return step
    return None


def _offered(operator: Operator) -> str:
    return f"operator_totp:{operator.id}"
