"""Whether FIELD_KEYS are the keys of this database, by a fingerprint of each key that it was ever written with.

With other keys, phones and addresses could not be read, nobody would be found by phone, and the first record of the
operators' log would break its seal. So whoever opens the keys asks first. A new key in front is a rotation: it is
remembered. The oldest key makes the digests of the search index and of the seal, so it must stay the oldest.
"""

from collections.abc import Sequence

import asyncpg

from server import db
from server.core.advisory import Advisory
from server.core.unfit import UnfitKeysError
from server.gateways.ports import Cipher
from server.services.common import locks

_KEPT = "SELECT fingerprint FROM field_keys ORDER BY id"


async def refuse_unfit(cipher: Cipher) -> None:
    """Raise UnfitKeysError if these are not the keys of the database; remember the ones that are new to it.

    A database without the table, or where we may not read it, is not migrated yet, or another version made it; `schema`
    refuses that. Raises Busy.
    """
    given = cipher.fingerprints()
    try:
        kept = [row["fingerprint"] for row in await db.fetch(_KEPT)]
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return
    if not _new(kept, given):
        return
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.FIELD_KEYS)  # two that start a new shop at once must agree on its keys
        kept = [row["fingerprint"] for row in await tx.fetch(_KEPT)]
        for fingerprint in _new(kept, given):
            await tx.execute("INSERT INTO field_keys (fingerprint) VALUES ($1)", fingerprint)


def _new(kept: Sequence[str], given: Sequence[str]) -> list[str]:
    """Return the given fingerprints that are not kept yet, the oldest first. Raises UnfitKeysError."""
    if kept and (kept[0] != given[0] or not set(kept) <= set(given)):
        raise UnfitKeysError
    return [one for one in given if one not in kept]
