"""Wrong FIELD_KEYS are refused by every verb before anything is written; a new key in front is taken."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server import db
from server.core.unfit import UnfitKeysError
from server.gateways.cipher import FieldCipher, parse_field_keys
from server.services.common import field_keys
from tests.support import cli
from tests.support.mall import Mall

FIRST, SECOND, THIRD = (base64.b64encode(bytes([number]) * 16 + bytes(range(16))).decode() for number in (1, 2, 3))
VERBS = (
    "audit",
    "audit --seal x",
    "seed",
    "rule show",
    "order ship T1",
    "refund approve R1",
    "withdrawal approve W1",
    "qualification review 1 pass",
    "commission show",
    "reconcile --date 2026-01-01",
    "operator create --name x --role owner",
)


@dataclass
class Keys:
    """The file from which commands on the mall get their keys."""

    file: Path
    right: str

    def put(self, keys: str) -> None:
        self.file.write_text(keys, "ascii")


@pytest.fixture
def keys(mall: Mall) -> Iterator[Keys]:
    """Return the keys of the mall; they are as before after the test."""
    file = mall.folder / "field_keys"
    keys = Keys(file, file.read_text("ascii"))
    yield keys
    keys.put(keys.right)


async def test_every_verb_refuses_other_keys_and_nothing_breaks(mall: Mall, keys: Keys) -> None:
    assert (await cli.run(mall, "operator", "create", "--name", "anna", "--role", "owner"))[0] == 0
    keys.put(FIRST)
    for verb in VERBS:
        assert await cli.run(mall, *verb.split()) == (2, "", f"{UnfitKeysError()}\n"), verb
    keys.put(keys.right)
    code, out, _ = await cli.run(mall, "audit", "--json")
    assert code == 0, out
    assert await db.fetch_value("SELECT count(*) FROM audit_log") == 1


async def test_a_new_key_in_front_is_a_rotation(mall: Mall, keys: Keys) -> None:
    add = ("operator", "create", "--role", "owner", "--name")
    assert (await cli.run(mall, *add, "anna"))[0] == 0
    keys.put(f"{FIRST},{keys.right}")
    assert (await cli.run(mall, *add, "bert"))[0] == 0
    assert (await cli.run(mall, "audit"))[0] == 0
    keys.put(keys.right)  # what was written since then needs the new key
    assert (await cli.run(mall, "audit"))[0] == 2


@pytest.mark.parametrize(
    ("before", "now", "fits"),
    [
        ([FIRST], [FIRST], True),
        ([FIRST], [SECOND, FIRST], True),
        ([SECOND, FIRST], [THIRD, SECOND, FIRST], True),
        ([SECOND, FIRST], [SECOND, THIRD, FIRST], True),
        ([FIRST], [SECOND], False),
        ([FIRST], [FIRST, SECOND], False),
        ([SECOND, FIRST], [FIRST], False),
        ([SECOND, FIRST], [SECOND], False),
        ([SECOND, FIRST], [FIRST, SECOND], False),
        ([SECOND, FIRST], [THIRD, FIRST], False),
    ],
)
async def test_which_keys_fit(database: str, before: list[str], now: list[str], fits: bool) -> None:
    assert database
    first, then = (FieldCipher(parse_field_keys(",".join(keys))) for keys in (before, now))
    await field_keys.refuse_unfit(first)
    await field_keys.refuse_unfit(first)
    kept = await db.fetch_value("SELECT array_agg(fingerprint ORDER BY id) FROM field_keys")
    assert kept == list(first.fingerprints())
    if fits:
        await field_keys.refuse_unfit(then)
        assert await db.fetch_value("SELECT count(*) FROM field_keys") == len(now)
        return
    with pytest.raises(UnfitKeysError):
        await field_keys.refuse_unfit(then)
    assert await db.fetch_value("SELECT count(*) FROM field_keys") == len(before)


def test_a_fingerprint_hides_its_key() -> None:
    keys = parse_field_keys(f"{SECOND},{FIRST}")
    found = FieldCipher(keys).fingerprints()
    assert found == tuple(FieldCipher([key]).fingerprints()[0] for key in reversed(keys))
    assert not any(key.hex() in one for key in keys for one in found)
