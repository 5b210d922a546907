"""Encrypted fields: they can be decrypted only in their own place, and only if unchanged."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from server.gateways.cipher import FieldCipher, cbc_open, parse_field_keys

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CIPHER = FieldCipher([OLD])
PHONE = "members.phone"


@given(st.text(), st.text(min_size=1))
def test_round_trip(text: str, column: str) -> None:
    sealed = CIPHER.seal(text, column)
    assert CIPHER.open(sealed, column) == text
    assert sealed.isascii()


def test_the_key_is_named_in_front() -> None:
    version, key_id, box = CIPHER.seal("13800138000", PHONE).split(".")
    assert (version, len(key_id)) == ("v1", 8)
    assert len(base64.urlsafe_b64decode(box)) == 12 + 11 + 16


def test_equal_texts_do_not_look_equal() -> None:
    assert CIPHER.seal("13800138000", PHONE) != CIPHER.seal("13800138000", PHONE)


def test_a_moved_value_does_not_open() -> None:
    with pytest.raises(ValueError, match=r"another column than orders\.phone"):
        CIPHER.open(CIPHER.seal("13800138000", PHONE), "orders.phone")


@pytest.mark.parametrize("place", range(12 + 5 + 16))
def test_a_changed_value_does_not_open(place: int) -> None:
    head, _, encoded = CIPHER.seal("hello", PHONE).rpartition(".")
    box = bytearray(base64.urlsafe_b64decode(encoded))
    box[place] ^= 1
    with pytest.raises(ValueError, match="changed"):
        CIPHER.open(f"{head}.{base64.urlsafe_b64encode(box).decode()}", PHONE)


@pytest.mark.parametrize("sealed", ["", "v1", "v1.", "v1.00000000.AAAA", "v2.{id}.{box}", "{id}.{box}"])
def test_what_was_never_sealed_here(sealed: str) -> None:
    _, key_id, box = CIPHER.seal("hello", PHONE).split(".")
    with pytest.raises(ValueError, match="not sealed here"):
        CIPHER.open(sealed.format(id=key_id, box=box), PHONE)


@pytest.mark.parametrize("box", ["", "A", "AAAA", "A" * 16, "!!!!", "键"])
def test_boxes_that_hold_nothing(box: str) -> None:
    head, _, _ = CIPHER.seal("hello", PHONE).rpartition(".")
    with pytest.raises(ValueError, match=r"."):
        CIPHER.open(f"{head}.{box}", PHONE)


def test_rotation_keeps_old_values_and_digests() -> None:
    before, rotated, after = FieldCipher([OLD]), FieldCipher([NEW, OLD]), FieldCipher([NEW])
    sealed = before.seal("hello", PHONE)
    assert rotated.open(sealed, PHONE) == "hello"
    assert rotated.blind("hello", PHONE) == before.blind("hello", PHONE)
    again = rotated.seal("hello", PHONE)
    assert after.open(again, PHONE) == "hello"
    with pytest.raises(ValueError, match="no longer listed"):
        after.open(sealed, PHONE)
    with pytest.raises(ValueError, match="no longer listed"):
        before.open(again, PHONE)
    assert after.blind("hello", PHONE) != before.blind("hello", PHONE)


def test_a_value_relabelled_with_another_key_does_not_open() -> None:
    both = FieldCipher([NEW, OLD])
    _, _, box = FieldCipher([OLD]).seal("hello", PHONE).split(".")
    _, new_id, _ = both.seal("hello", PHONE).split(".")
    with pytest.raises(ValueError, match="changed"):
        both.open(f"v1.{new_id}.{box}", PHONE)


def test_digests_search_within_a_column() -> None:
    digest = CIPHER.blind("13800138000", PHONE)
    assert digest == CIPHER.blind("13800138000", PHONE)
    assert len(bytes.fromhex(digest)) == 32
    assert digest != CIPHER.blind("13800138000", "orders.phone")
    assert digest != CIPHER.blind("13800138001", PHONE)
    assert CIPHER.blind("b", "a") != CIPHER.blind("", "ab")


def test_what_was_stored_before_is_still_read_and_found() -> None:
    """How keys are derived is part of the stored format, so it must not change."""
    stored = "v1.1cd34e14.SdAjrY-I5LUVEdDbrZME2Neb9WKyhK2s3fTSg302dMluT87G3trL"
    assert CIPHER.open(stored, PHONE) == "13800138000"
    digest = "676a812b16e276b155f85cd4af4c42e8df6b72f8820fac6c00070c9faa734667"
    assert CIPHER.blind("13800138000", PHONE) == digest


def test_a_cipher_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FieldCipher([])


def test_keys_are_read_newest_first() -> None:
    text = ", ".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    assert parse_field_keys(text) == (NEW, OLD)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "key 1 has 0 bytes"),
        ("AAAA", "key 1 has 3 bytes, 32 are needed"),
        (f"{base64.b64encode(OLD).decode()},*", "key 2 is not base64"),
        (f"{base64.b64encode(OLD).decode()}," * 2 + base64.b64encode(NEW).decode(), "given twice"),
    ],
)
def test_keys_that_are_none(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_field_keys(text)


def test_wechats_resource_cipher_is_the_librarys() -> None:
    """The test vector that other tests use for notices: 32-byte key, 12-character nonce, text as extra data."""
    sealed = "YOZ0/AYhCiKPoeP4ZKU2lztKffXtwuD93dL/Hw8EPaelxtm3l+GnNX6ihVvm"
    opened = AESGCM(b"0123456789abcdef0123456789ABCDEF").decrypt(
        b"abcdefghijkl", base64.b64decode(sealed), b"transaction"
    )
    assert opened.decode() == '{"out_trade_no":"T1","中":1}'


@pytest.mark.parametrize("data", [b"", b"short", bytes(16)], ids=["nothing", "part", "noise"])
def test_cbc_needs_whole_blocks_and_right_padding(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        cbc_open(bytes(32), bytes(16), data, 1)
