"""Members' delivery addresses: encrypted at rest; a member with addresses always has exactly one default."""

from dataclasses import dataclass

import msgspec
import orjson

from server import db
from server.core.errors import AddressLimit, NotFound
from server.gateways.ports import Cipher, Deps
from server.rules import addresses as rules
from server.services.common import locks

SEALED = "addresses.sealed"
PHONE_BLIND = "addresses.phone_blind"
PLACE_BLIND = "addresses.place_blind"


@dataclass(frozen=True, slots=True)
class Place:
    """An address as a person fills it in."""

    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str


@dataclass(frozen=True, slots=True)
class Address:
    """A stored address."""

    id: int
    place: Place
    is_default: bool


class _Stored(msgspec.Struct, frozen=True):
    """A row of `addresses`; `sealed` holds the rest of the place."""

    id: int
    sealed: str
    province: str
    city: str
    district: str
    is_default: bool


_COLUMNS = db.columns(_Stored)


async def all_of(deps: Deps, member_id: int) -> list[Address]:
    """Return the member's addresses, the default first, then the newest."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM addresses WHERE member_id = $1 ORDER BY is_default DESC, id DESC",  # noqa: S608 - our own names
        member_id,
    )
    return [_opened(deps.cipher, db.typed(row, _Stored)) for row in rows]


async def add(deps: Deps, member_id: int, place: Place, *, is_default: bool) -> Address:
    """Store a new address; a member's first address becomes the default. Raises BadRequest (phone), AddressLimit."""
    sealed = _sealed(deps.cipher, place)
    async with db.transaction() as tx:
        await _lock(tx, member_id)
        count = await tx.fetchval("SELECT count(*) FROM addresses WHERE member_id = $1", member_id)
        if count >= rules.LIMIT:
            raise AddressLimit(limit=rules.LIMIT)
        row = await tx.fetchrow(
            "INSERT INTO addresses (member_id, sealed, phone_blind, place_blind, province, city, district, is_default,"  # noqa: S608 - our own names
            f" created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, false, $8) RETURNING {_COLUMNS}",
            member_id,
            *sealed,
            deps.clock.now(),
        )
        stored = db.typed(row, _Stored)
        chosen = is_default or count == 0
        if chosen:
            await _choose(tx, member_id, stored.id)
    return Address(stored.id, _opened(deps.cipher, stored).place, chosen)


async def change(deps: Deps, member_id: int, address_id: int, place: Place, *, is_default: bool) -> Address:
    """Replace an address. A default stays the default until another is chosen. Raises BadRequest (phone), NotFound."""
    sealed = _sealed(deps.cipher, place)
    async with db.transaction() as tx:
        await _lock(tx, member_id)
        row = await tx.fetchrow(
            "UPDATE addresses SET sealed = $3, phone_blind = $4, place_blind = $5, province = $6, city = $7,"  # noqa: S608 - our own names
            f" district = $8 WHERE id = $1 AND member_id = $2 RETURNING {_COLUMNS}",
            address_id,
            member_id,
            *sealed,
        )
        if row is None:
            raise NotFound
        stored = db.typed(row, _Stored)
        if is_default:
            await _choose(tx, member_id, address_id)
    return Address(address_id, _opened(deps.cipher, stored).place, is_default or stored.is_default)


async def remove(member_id: int, address_id: int) -> None:
    """Delete an address; if it was the default, the newest other address becomes it. Raises NotFound."""
    async with db.transaction() as tx:
        await _lock(tx, member_id)
        was_default = await tx.fetchval(
            "DELETE FROM addresses WHERE id = $1 AND member_id = $2 RETURNING is_default", address_id, member_id
        )
        if was_default is None:
            raise NotFound
        heir = await tx.fetchval("SELECT max(id) FROM addresses WHERE member_id = $1", member_id)
        if was_default and heir is not None:
            await _choose(tx, member_id, heir)


async def _lock(tx: db.Connection, member_id: int) -> None:
    """Lock the member, so that its addresses change one at a time."""
    await locks.member(tx, member_id)


async def _choose(tx: db.Connection, member_id: int, address_id: int) -> None:
    await tx.execute(
        "UPDATE addresses SET is_default = (id = $2) WHERE member_id = $1 AND is_default <> (id = $2)",
        member_id,
        address_id,
    )


def _sealed(cipher: Cipher, place: Place) -> tuple[str, ...]:
    """Return the columns sealed, phone_blind, place_blind, province, city, district."""
    phone = rules.phone(place.phone)
    text = orjson.dumps({"name": place.name, "phone": phone, "detail": place.detail}).decode()
    return (
        cipher.seal(text, SEALED),
        cipher.blind(phone, PHONE_BLIND),
        cipher.blind(rules.place(place.province, place.city, place.district, place.detail), PLACE_BLIND),
        place.province,
        place.city,
        place.district,
    )


def opened(cipher: Cipher, sealed: str) -> dict[str, str]:
    """Decrypt `{name, phone, detail}` of an address, or of an order that copied it."""
    secret: dict[str, str] = orjson.loads(cipher.open(sealed, SEALED))
    return secret


def _opened(cipher: Cipher, stored: _Stored) -> Address:
    secret = opened(cipher, stored.sealed)
    place = Place(**secret, province=stored.province, city=stored.city, district=stored.district)
    return Address(stored.id, place, stored.is_default)
