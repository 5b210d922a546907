"""Encryption of single fields (phone, name, address), and digests to search for them.

A sealed value reads `v1.<key id>.<base64url of nonce, ciphertext and tag>` (AES-256-GCM). The column and the key id are
authenticated, so a value that was moved to another column or given another key id does not decrypt.

Keys are listed newest first: the first key encrypts, all keys decrypt. To rotate, put a new key in front; each value
moves to it when it is next written. The blind index uses the **oldest** key of the list, so a new key in front leaves
all stored digests valid. Before the oldest key is dropped, the digests must be computed again with the next one.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "v1"


def parse_field_keys(text: str) -> tuple[bytes, ...]:
    """Return the keys of `FIELD_KEYS`: 32 bytes each in base64, separated by commas, newest first.

    Raises ValueError when a key is not base64, not 32 bytes, or given twice. The error does not quote the keys.
    """
    keys: list[bytes] = []
    for place, part in enumerate(text.split(","), 1):
        try:
            key = base64.b64decode(part.strip(), validate=True)
        except binascii.Error as error:
            msg = f"key {place} is not base64"
            raise ValueError(msg) from error
        if len(key) != KEY_BYTES:
            msg = f"key {place} has {len(key)} bytes, {KEY_BYTES} are needed"
            raise ValueError(msg)
        keys.append(key)
    if len(set(keys)) != len(keys):
        msg = "a key is given twice"
        raise ValueError(msg)
    return tuple(keys)


class FieldCipher:
    """The port `Cipher` with keys of 32 bytes, newest first. Raises ValueError when there is none."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            msg = "at least one field key is needed"
            raise ValueError(msg)
        self._by_id = {_derived(key, "key id")[:4].hex(): AESGCM(_derived(key, "seal")) for key in keys}
        self._newest = next(iter(self._by_id))
        self._index_key = _derived(keys[-1], "blind index")
        self._fingerprints = tuple(_derived(key, "fingerprint").hex() for key in reversed(keys))

    def fingerprints(self) -> tuple[str, ...]:
        """See the port."""
        return self._fingerprints

    def seal(self, text: str, column: str) -> str:
        """See the port."""
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._by_id[self._newest].encrypt(nonce, text.encode(), _bound(column, self._newest))
        return f"{_VERSION}.{self._newest}.{base64.urlsafe_b64encode(box).decode()}"

    def open(self, sealed: str, column: str) -> str:
        """See the port."""
        version, _, rest = sealed.partition(".")
        key_id, _, encoded = rest.partition(".")
        key = self._by_id.get(key_id)
        if version != _VERSION or key is None:
            msg = "not sealed here, or under a key that is no longer listed"
            raise ValueError(msg)
        box = base64.urlsafe_b64decode(encoded)
        try:
            return key.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _bound(column, key_id)).decode()
        except InvalidTag as error:
            msg = f"the value was changed, or belongs to another column than {column}"
            raise ValueError(msg) from error

    def blind(self, text: str, column: str) -> str:
        """See the port. Texts must be normalised first: only identical texts give identical digests."""
        return hmac.digest(self._index_key, f"{column}\0{text}".encode(), "sha256").hex()


def _derived(key: bytes, purpose: str) -> bytes:
    """Derive a key for one purpose, so that no two algorithms use the same key."""
    return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=f"tuisan field {purpose}".encode()).derive(key)


def _bound(column: str, key_id: str) -> bytes:
    return f"{_VERSION}.{key_id}.{column}".encode()


def cbc_open(key: bytes, iv: bytes, data: bytes, block_bytes: int) -> bytes:
    """Decrypt WeChat's AES-CBC with PKCS#7 padding to `block_bytes`. Raises ValueError when the data does not fit."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(data) + decryptor.finalize()
    count = padded[-1] if padded else 0
    if not 1 <= count <= block_bytes or padded[-count:] != bytes([count]) * count:
        msg = "the padding is wrong"
        raise ValueError(msg)
    return padded[:-count]
