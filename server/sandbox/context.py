"""What every room of the sandbox works with."""

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
    """The platform's signing keys and the merchant key that requests are checked with."""

    merchant: RSAPublicKey
    platform: RSAPrivateKey
    certified: RSAPrivateKey
    certificate_serial: str

    @classmethod
    def of(cls, config: SandboxConfig) -> "Keys":
        """Load the PEM texts of `config`; ValueError when one is not an RSA key."""
        certificate = load_pem_x509_certificate(config.platform_certificate.encode())
        return cls(
            merchant=crypto.load_public_key(config.merchant_public_key),
            platform=crypto.load_private_key(config.platform_private_key),
            certified=crypto.load_private_key(config.platform_certificate_key),
            certificate_serial=f"{certificate.serial_number:040X}",
        )


@dataclass(frozen=True)
class Sandbox:
    """One imitated WeChat: settings, keys, state and knobs."""

    config: SandboxConfig
    store: Store
    knobs: KnobPanel
    keys: Keys

    def now(self) -> float:
        """Unix seconds by the injected clock."""
        return self.config.clock()


def open_sandbox(config: SandboxConfig) -> Sandbox:
    """Open (or make) the state file and load the keys."""
    store = Store(config.state_path)
    return Sandbox(config, store, KnobPanel(store), Keys.of(config))


def rfc3339(seconds: float) -> str:
    """Unix seconds as WeChat writes times: `2026-05-20T13:29:35+08:00`."""
    return dt.datetime.fromtimestamp(int(seconds), tz=_CHINA).isoformat()


def parse_rfc3339(text: str) -> float:
    """Unix seconds of an RFC 3339 time; ValueError when it is none or has no zone."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text:
        msg = "time without zone"
        raise ValueError(msg)
    return moment.timestamp()


def china_day(seconds: float) -> str:
    """The calendar day in China, `YYYY-MM-DD`."""
    return dt.datetime.fromtimestamp(seconds, tz=_CHINA).date().isoformat()


def china_time(seconds: float) -> str:
    """`2026-05-20 13:29:35` in China, as bills and people write it."""
    return dt.datetime.fromtimestamp(int(seconds), tz=_CHINA).strftime("%Y-%m-%d %H:%M:%S")


def stamp(seconds: float) -> str:
    """`YYYYMMDDHHMMSS` in China, as inside WeChat's own numbers."""
    return dt.datetime.fromtimestamp(seconds, tz=_CHINA).strftime("%Y%m%d%H%M%S")
