"""The made-up app and merchant that the mall and the sandbox share during development.

They are one JSON file, made once and readable only by its owner: settings for the mall, keys for the sandbox.
"""

import datetime as dt
import os
import secrets
import string
import tempfile
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from server.sandbox.crypto import random_word

FILE_NAME = "wechat.json"

# Fixed dates instead of "now and in five years": the sandbox's clock may show any time.
_VALID_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_VALID_UNTIL = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """App, merchant and platform keys. Private keys are PKCS#8 PEM text, public ones SubjectPublicKeyInfo PEM.

    `merchant_*` belongs to the mall (except the public half, which WeChat knows); `platform_private_key` and
    `platform_certificate_key` belong to WeChat; `platform_public_key` with its id is what the mall verifies with.
    """

    appid: str
    secret: str
    mchid: str
    merchant_private_key: str
    merchant_public_key: str
    merchant_serial: str
    apiv3_key: str
    platform_private_key: str
    platform_public_key: str
    platform_public_key_id: str
    platform_certificate_key: str
    platform_certificate: str
    push_token: str
    push_aes_key: str


def make_identity(folder: Path) -> Identity:
    """Return the identity in `folder`, created (mode 0600) if missing. Safe for two creators at once."""
    path = folder / FILE_NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(path, msgspec.json.format(msgspec.json.encode(_new_identity())))
    return msgspec.json.decode(path.read_bytes(), type=Identity)


def _write_once(path: Path, content: bytes) -> None:
    """Link the finished file into place: no reader sees half of it, and the first of two writers wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp gives mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        path.hardlink_to(name)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()


def _digits(count: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(count))


def _new_identity() -> Identity:
    merchant, platform, certified = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))
    return Identity(
        appid="wx" + secrets.token_hex(8),
        secret=secrets.token_hex(16),
        mchid="16" + _digits(8),
        merchant_private_key=_private_pem(merchant),
        merchant_public_key=_public_pem(merchant),
        merchant_serial=f"{x509.random_serial_number():040X}",
        apiv3_key=random_word(32),
        platform_private_key=_private_pem(platform),
        platform_public_key=_public_pem(platform),
        platform_public_key_id="PUB_KEY_ID_01" + _digits(32),
        platform_certificate_key=_private_pem(certified),
        platform_certificate=_certificate_pem(certified),
        push_token=random_word(24),
        push_aes_key=_encoding_aes_key(),
    )


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _certificate_pem(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA (sandbox)")])
    # The fixed top bits make the serial 40 hex digits long, the only length WeChat uses.
    serial = 0x71 << 152 | secrets.randbits(152)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_UNTIL)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _encoding_aes_key() -> str:
    # The 43rd character has two unused bits; "A" leaves them zero, so that strict base64 decoders accept the key.
    return random_word(42) + "A"
