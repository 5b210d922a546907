"""The objects that all modules of the sandbox share."""

import datetime as dt
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from server.sandbox import crypto
from server.sandbox.config import SandboxConfig
from server.sandbox.knobs import KnobPanel
from server.sandbox.store import Store

_CHINA = dt.timezone(dt.timedelta(hours=8))


@dataclass(frozen=True)
class Keys:
    """The platform's signing keys, and the merchant's public key to verify requests."""

    merchant: RSAPublicKey
    platform: RSAPrivateKey
    certified: RSAPrivateKey
    certificate_serial: str

    @classmethod
    def of(cls, config: SandboxConfig) -> "Keys":
        """Load the PEM texts of `config`. Raises ValueError if one is not an RSA key."""
        certificate = load_pem_x509_certificate(config.platform_certificate.encode())
        return cls(
            merchant=crypto.load_public_key(config.merchant_public_key),
            platform=crypto.load_private_key(config.platform_private_key),
            certified=crypto.load_private_key(config.platform_certificate_key),
            certificate_serial=f"{certificate.serial_number:040X}",
        )


@dataclass(frozen=True)
class Sandbox:
    """One imitated WeChat: configuration, keys, state and knobs."""

    config: SandboxConfig
    store: Store
    knobs: KnobPanel
    keys: Keys

    def now(self) -> float:
        """Return unix seconds by the configured clock."""
        return self.config.clock()


def open_sandbox(config: SandboxConfig) -> Sandbox:
    """Open or create the state file and load the keys. Raises ValueError, sqlite3.Error."""
    store = Store(config.state_path)
    return Sandbox(config, store, KnobPanel(store), Keys.of(config))


def rfc3339(seconds: float) -> str:
    """Format unix seconds as WeChat writes times: `2026-05-20T13:29:35+08:00`."""
    return dt.datetime.fromtimestamp(int(seconds), tz=_CHINA).isoformat()


def parse_rfc3339(text: str) -> float:
    """Return the unix seconds of an RFC 3339 time. Raises ValueError if it is not one or has no zone."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text:
        msg = "time without zone"
        raise ValueError(msg)
    return moment.timestamp()


def china_day(seconds: float) -> str:
    """Return the calendar day in China, `YYYY-MM-DD`."""
    return dt.datetime.fromtimestamp(seconds, tz=_CHINA).date().isoformat()


def china_time(seconds: float) -> str:
    """Return the time in China as bills show it: `2026-05-20 13:29:35`."""
    return dt.datetime.fromtimestamp(int(seconds), tz=_CHINA).strftime("%Y-%m-%d %H:%M:%S")


def stamp(seconds: float) -> str:
    """Return `YYYYMMDDHHMMSS` in China, as it stands inside WeChat's own numbers."""
    return dt.datetime.fromtimestamp(seconds, tz=_CHINA).strftime("%Y%m%d%H%M%S")
