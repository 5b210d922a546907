"""Signatures and ciphers of WeChat Pay APIv3 and of the mini-program message push.

Sources: WeChat Pay "签名生成/验证", "证书和回调报文解密"; mini program "消息推送", whose vectors the tests use.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PUSH_BLOCK_BYTES = 32
"""The push format pads to 32 bytes, twice the AES block."""

_ALPHANUMERIC = string.ascii_letters + string.digits


class CipherError(ValueError):
    """A ciphertext or key that does not open."""


def random_word(length: int) -> str:
    """Letters and digits, for nonces, codes and keys."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


def load_private_key(pem: str) -> RSAPrivateKey:
    """PKCS#8 PEM text to an RSA key; ValueError when it is another kind of key."""
    # The keys are our own make; checking their primes would take most of a start.
    key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        msg = "an RSA private key is required"
        raise ValueError(msg)  # noqa: TRY004  (a wrong value in a file, not a programming error)
    return key


def load_public_key(pem: str) -> RSAPublicKey:
    """SubjectPublicKeyInfo PEM text to an RSA key; ValueError when it is another kind of key."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        msg = "an RSA public key is required"
        raise ValueError(msg)  # noqa: TRY004  (a wrong value in a file, not a programming error)
    return key


def message_lines(*parts: str | bytes) -> bytes:
    """The signed text of WeChat Pay: every part followed by a newline, the last one too."""
    return b"".join((part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)


def rsa_sign(key: RSAPrivateKey, message: bytes) -> str:
    """RSA PKCS#1 v1.5 with SHA-256, base64."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def rsa_verify(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether `signature` (base64) is the key owner's over `message`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def rsa_decrypt(key: RSAPrivateKey, ciphertext: str) -> str:
    """A sensitive request field (RSA-OAEP with SHA-1, base64); CipherError when it was not encrypted for this key."""
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303  (WeChat's)
    try:
        return key.decrypt(base64.b64decode(ciphertext, validate=True), oaep).decode()
    except ValueError as error:
        msg = "sensitive field does not decrypt"
        raise CipherError(msg) from error


def gcm_encrypt(apiv3_key: str, nonce: str, associated_data: str, plaintext: bytes) -> str:
    """AES-256-GCM of a notification resource: base64 of ciphertext and 16-byte tag."""
    return base64.b64encode(
        AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), plaintext, associated_data.encode()),
    ).decode()


def session_signature(session_key: str) -> str:
    """`signature` of checksession: HMAC-SHA256 of the empty text under the session key as received, hex."""
    return hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()


def push_signature(*parts: str) -> str:
    """SHA-1 (hex) over the sorted parts, used by URL check, plain events and safe mode alike."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  (WeChat's)


@dataclass(frozen=True)
class PushCipher:
    """Safe-mode encryption of pushed messages for one app, from the 43-character EncodingAESKey."""

    encoding_aes_key: str
    appid: str

    @property
    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.encoding_aes_key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def encrypt(self, message: bytes, prefix: bytes | None = None) -> str:
        """`Encrypt` of the envelope; `prefix` (16 bytes) is random unless given."""
        plain = (prefix or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message + self.appid.encode()
        missing = PUSH_BLOCK_BYTES - len(plain) % PUSH_BLOCK_BYTES
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside `Encrypt`; CipherError when malformed or meant for another app."""
        try:
            data = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher.decryptor()
            padded = decryptor.update(data) + decryptor.finalize()
        except ValueError as error:
            msg = "push message does not decrypt"
            raise CipherError(msg) from error
        plain = padded[: -padded[-1]] if padded else b""
        end = 20 + int.from_bytes(plain[16:20], "big")
        if plain[end:] != self.appid.encode():
            msg = "push message is for another app"
            raise CipherError(msg)
        return plain[20:end]
