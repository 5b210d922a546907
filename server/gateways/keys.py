"""RSA keys of WeChat Pay as PEM text, in the only form that the payment library reads."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

RSA_BITS_MIN = 2048
"""WeChat issues 2048-bit keys; a shorter one is a mistake or an attack."""


@lru_cache(maxsize=2)
def private_key_pem(text: str) -> str:
    """Return PKCS#8 PEM of an RSA private key given as PKCS#8 or PKCS#1 (`BEGIN RSA PRIVATE KEY`) PEM.

    Raises ValueError, in words for the operator, for anything else: encrypted, not RSA, too short, not a key. Checking
    that the primes are primes takes tens of milliseconds, so a key is read only once.
    """
    try:
        key = load_pem_private_key(text.strip().encode(), password=None)
    except TypeError as error:
        msg = "the private key is encrypted: give it without a passphrase"
        raise ValueError(msg) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = "not a private key in PEM (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)"
        raise ValueError(msg) from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < RSA_BITS_MIN:
        msg = f"not an RSA private key of at least {RSA_BITS_MIN} bits"
        raise ValueError(msg)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_key_pem(text: str) -> str:
    """Return SubjectPublicKeyInfo PEM of an RSA public key.

    Raises ValueError, in words for the operator, for anything else; giving a certificate is a common mistake.
    """
    try:
        key = load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = "not a public key in PEM (BEGIN PUBLIC KEY; a certificate is something else)"
        raise ValueError(msg) from error
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS_MIN:
        msg = f"not an RSA public key of at least {RSA_BITS_MIN} bits"
        raise ValueError(msg)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
