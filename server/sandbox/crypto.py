"""Signatures and ciphers of WeChat Pay APIv3 and of the mini-program message push.

Sources: WeChat Pay "签名生成/验证", "证书和回调报文解密"; mini program "消息推送". Its vectors are in the tests.
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
    """A ciphertext or key that cannot be decrypted or read."""


def random_word(length: int) -> str:
    """Return random letters and digits, for nonces, codes and keys."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


def load_private_key(pem: str) -> RSAPrivateKey:
    """Load an RSA key from PKCS#8 PEM text. Raises ValueError if it is another kind of key."""
    # We made the keys ourselves; checking their primes would take most of the start-up time.
    key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        msg = "an RSA private key is required"
        raise ValueError(msg)  # noqa: TRY004  (a wrong value in a file, not a programming error)
    return key


def load_public_key(pem: str) -> RSAPublicKey:
    """Load an RSA key from SubjectPublicKeyInfo PEM text. Raises ValueError if it is another kind of key."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        msg = "an RSA public key is required"
        raise ValueError(msg)  # noqa: TRY004  (a wrong value in a file, not a programming error)
    return key


def message_lines(*parts: str | bytes) -> bytes:
    """Return the text that WeChat Pay signs: every part followed by a newline, also the last one."""
    return b"".join((part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)


def rsa_sign(key: RSAPrivateKey, message: bytes) -> str:
    """Sign with RSA PKCS#1 v1.5 and SHA-256; return base64."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def rsa_verify(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Return whether `signature` (base64) over `message` was made with the private half of `key`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def rsa_decrypt(key: RSAPrivateKey, ciphertext: str) -> str:
    """Decrypt a sensitive request field (RSA-OAEP with SHA-1, base64). Raises CipherError if it is for another key."""
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303  (WeChat's)
    try:
        return key.decrypt(base64.b64decode(ciphertext, validate=True), oaep).decode()
    except ValueError as error:
        msg = "sensitive field does not decrypt"
        raise CipherError(msg) from error


def gcm_encrypt(apiv3_key: str, nonce: str, associated_data: str, plaintext: bytes) -> str:
    """Encrypt a notification resource with AES-256-GCM; return base64 of ciphertext and 16-byte tag."""
    return base64.b64encode(
        AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), plaintext, associated_data.encode()),
    ).decode()


def session_signature(session_key: str) -> str:
    """Return checksession's `signature`: hex HMAC-SHA256 of the empty text; the key is the session key as received."""
    return hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()


def push_signature(*parts: str) -> str:
    """Return the SHA-1 (hex) of the sorted parts, as the URL check, plain events and safe mode all use it."""
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
        """Return `Encrypt` of the envelope; `prefix` is 16 bytes, random unless given."""
        plain = (prefix or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message + self.appid.encode()
        missing = PUSH_BLOCK_BYTES - len(plain) % PUSH_BLOCK_BYTES
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message inside `Encrypt`. Raises CipherError if it is malformed or for another app."""
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
