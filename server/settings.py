"""Typed settings from the environment. All mistakes are reported at once, by name, before anything starts.

A value that cannot be read is refused everywhere. Production also refuses values that are missing, weak, or point at a
sandbox. `.env.example` describes every setting.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from server.gateways.cipher import KEY_BYTES, parse_field_keys
from server.gateways.keys import private_key_pem, public_key_pem
from server.gateways.transport import is_loopback

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_T = TypeVar("_T")

_SECRET_CHARS_MIN = 16
_DISTINCT_CHARS_MIN = 8
_DISTINCT_KEY_BYTES_MIN = 16
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "example", "password", "sandbox", "0123456789")


class SettingsError(Exception):
    """The settings do not allow a start. `problems` reads `NAME: what is wrong`, without the value of any secret."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations of the mall. Secrets stay out of `repr`."""

    env: Literal["development", "production"]
    database_url: str = field(repr=False)
    """The application's role, which owns nothing."""
    database_owner_url: str = field(repr=False)
    """The role that owns the tables, see `owner_url`; empty in processes that serve."""
    redis_url: str = field(repr=False)
    public_base_url: str
    """Without a trailing slash, like the next two."""
    wechat_api_base: str
    wechat_pay_base: str
    wechat_appid: str
    wechat_secret: str = field(repr=False)
    wechat_mchid: str
    wechat_mch_serial: str
    wechat_mch_private_key: str = field(repr=False)
    """PKCS#8 PEM text, converted from whatever form was given."""
    wechat_apiv3_key: str = field(repr=False)
    wechat_pay_public_key: str
    """PEM text."""
    wechat_pay_public_key_id: str
    wechat_push_token: str = field(repr=False)
    wechat_push_aes_key: str = field(repr=False)
    field_keys: tuple[bytes, ...] = field(repr=False)
    """32 bytes each, newest first."""
    trusted_proxies: tuple[Network, ...]
    """Only peers in these networks are trusted to name the client's address."""
    metrics_token: str = field(repr=False)
    """The bearer token of Prometheus; empty: only the machine itself may read `/metrics`."""
    web_workers: int
    db_pool_size: int
    """Connections per process."""
    worker_jobs: int
    """Jobs that one worker runs at the same time."""
    api_docs: bool
    operator_limits: bool
    """Whether acts of operators above their limits wait for a second operator; by default in production only."""
    data_dir: Path | None
    h5_dir: Path | None
    """The built H5 shop; the default is where a checkout builds it."""
    sandbox_control_url: str
    """Set by `dev`; empty in production."""
    clock_file: Path | None
    """The shared clock of `dev` and tests; None in production."""

    @property
    def media_dir(self) -> Path | None:
        """The directory for pictures that the shop makes itself."""
        return self.data_dir / "media" if self.data_dir else None

    @property
    def owner_url(self) -> str:
        """The URL for what only the owner of the tables may do. Raises SettingsError if there is none."""
        if not self.database_owner_url:
            raise SettingsError(("DATABASE_OWNER_URL: missing, this command changes tables",))
        return self.database_owner_url

    @property
    def production(self) -> bool:
        """Whether real money moves."""
        return self.env == "production"

    @classmethod
    def from_env(cls, environ: Mapping[str, str], env_file: Path = Path(".env"), *, said: bool = False) -> "Settings":
        """Read the settings from the environment; in development `env_file`, if it exists, adds missing values.

        With `said`, TUISAN_ENV must be set: a process that the public can reach never guesses that it is development.
        Raises SettingsError with every problem found.
        """
        read = _Reader(environ, env_file, said=said)
        settings = cls(
            env=read.env,
            database_url=read.always("DATABASE_URL", _url("postgres", "postgresql"), "", _weak_database),
            database_owner_url=read.optional(
                "DATABASE_OWNER_URL", _url("postgres", "postgresql"), "", _not_served if said else _weak_database
            ),
            redis_url=read.always("REDIS_URL", _url("redis", "rediss", "unix"), ""),
            public_base_url=read.needed("PUBLIC_BASE_URL", _base, "http://127.0.0.1:8000", _not_public),
            wechat_api_base=read.optional("WECHAT_API_BASE", _base, "https://api.weixin.qq.com", _not_wechat),
            wechat_pay_base=read.optional("WECHAT_PAY_BASE", _base, "https://api.mch.weixin.qq.com", _not_wechat),
            wechat_appid=read.needed("WECHAT_APPID", str, "", _unlike(r"wx[0-9a-f]{16}")),
            wechat_secret=read.needed("WECHAT_SECRET", str, "", _weak),
            wechat_mchid=read.needed("WECHAT_MCHID", str, "", _unlike(r"\d{8,12}")),
            wechat_mch_serial=read.needed("WECHAT_MCH_SERIAL", str, "", _unlike(r"[0-9A-Fa-f]{32,40}")),
            wechat_mch_private_key=read.needed("WECHAT_MCH_PRIVATE_KEY", _pem(private_key_pem), ""),
            wechat_apiv3_key=read.needed("WECHAT_APIV3_KEY", _apiv3_key, "", _weak),
            wechat_pay_public_key=read.needed("WECHAT_PAY_PUBLIC_KEY", _pem(public_key_pem), ""),
            wechat_pay_public_key_id=read.needed("WECHAT_PAY_PUBLIC_KEY_ID", str, "", _unlike(r"PUB_KEY_ID_\d+")),
            wechat_push_token=read.needed("WECHAT_PUSH_TOKEN", str, "", _weak),
            wechat_push_aes_key=read.needed("WECHAT_PUSH_AES_KEY", _push_aes_key, "", _weak),
            field_keys=read.needed("FIELD_KEYS", parse_field_keys, (), _weak_keys),
            trusted_proxies=read.optional("TRUSTED_PROXIES", _networks, ()),
            metrics_token=read.optional("METRICS_TOKEN", _token, "", _weak),
            web_workers=read.optional("WEB_WORKERS", _count(64), 1),
            db_pool_size=read.optional("DB_POOL_SIZE", _count(500), 10),
            worker_jobs=read.optional("WORKER_JOBS", _count(500), 10),
            api_docs=read.optional("API_DOCS", _flag, read.env == "development"),
            operator_limits=read.optional("OPERATOR_LIMITS", _flag, read.env == "production"),
            data_dir=read.optional("DATA_DIR", Path, None),
            h5_dir=read.optional("H5_DIR", Path, _built_h5()),
            sandbox_control_url=read.optional("SANDBOX_CONTROL_URL", _base, "", _development_only),
            clock_file=read.optional("CLOCK_FILE", Path, None, _development_only),
        )
        if read.problems:
            raise SettingsError(tuple(read.problems))
        return settings


class _Reader:
    """Reads values from the environment one by one and collects their problems."""

    def __init__(self, environ: Mapping[str, str], env_file: Path, *, said: bool) -> None:
        self.problems: list[str] = []
        self.env: Literal["development", "production"] = "development"
        self._values = dict(environ)
        named = environ.get("TUISAN_ENV", "").strip()
        if said and not named:
            self.problems.append("TUISAN_ENV: missing, say development or production")
        named = named or "development"
        if named == "production":
            self.env = "production"
        elif named != "development":
            self.problems.append("TUISAN_ENV: either development or production")
        else:
            filed = _dotenv(env_file)
            if filed.get("TUISAN_ENV", named) != named:
                self.problems.append(f"TUISAN_ENV: only the environment can set it, {env_file} is for development")
            self._values = filed | self._values

    def always(
        self, name: str, parse: Callable[[str], _T], blank: _T, guard: Callable[[_T], str | None] | None = None
    ) -> _T:
        """Read a value that every installation needs."""
        if not self._text(name):
            self.problems.append(f"{name}: missing")
        return self.optional(name, parse, blank, guard)

    def needed(
        self, name: str, parse: Callable[[str], _T], blank: _T, guard: Callable[[_T], str | None] | None = None
    ) -> _T:
        """Read a value that production needs."""
        if self.env == "production":
            return self.always(name, parse, blank, guard)
        return self.optional(name, parse, blank, guard)

    def optional(
        self, name: str, parse: Callable[[str], _T], default: _T, guard: Callable[[_T], str | None] | None = None
    ) -> _T:
        """Read a value with a default. `parse` raises ValueError; `guard` says why production refuses a value."""
        text = self._text(name)
        if not text:
            return default
        try:
            value = parse(text)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return default
        fault = guard(value) if guard and self.env == "production" else None
        if fault:
            self.problems.append(f"{name}: {fault}")
        return value

    def _text(self, name: str) -> str:
        return self._values.get(name, "").strip()


def _dotenv(path: Path) -> dict[str, str]:
    """Read `NAME=value` lines; `#` starts a comment line, and quotes around a value are removed."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): re.sub(r"""^(["'])(.*)\1$""", r"\2", value.strip()) for name, _, value in pairs}


def _built_h5() -> Path | None:
    """Return where `scripts/h5/build.mjs` puts the H5 shop; None when the server is installed without its checkout."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout / "build" / "h5" if (checkout / "pyproject.toml").is_file() else None


# Parsers, used everywhere: text in, value out; ValueError in words for the operator. ---------------------------------


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        _parts(text, schemes)
        return text

    return parse


def _base(text: str) -> str:
    """Read an address to which paths are appended."""
    parts = _parts(text, ("http", "https"))
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        msg = "not a plain http(s) address with a host"
        raise ValueError(msg)
    return text.rstrip("/")


def _parts(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """Split an address and check its port. The error never quotes the address, because it may contain a password."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in schemes and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        msg = f"not an address beginning with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        raise ValueError(msg)
    return urlsplit(text)


def _pem(load: Callable[[str], str]) -> Callable[[str], str]:
    r"""Return a parser for a PEM file's path or PEM text (`\n` may be a line break, as single-line variables need)."""

    def parse(text: str) -> str:
        if "-----BEGIN" in text:
            return load(text.replace("\\n", "\n"))
        try:
            return load(Path(text).read_text(encoding="utf-8"))
        except OSError as error:
            msg = f"neither PEM text nor a readable file ({error.strerror})"
            raise ValueError(msg) from error

    return parse


def _apiv3_key(text: str) -> str:
    if len(text.encode()) != KEY_BYTES:
        msg = f"{KEY_BYTES} characters are needed"
        raise ValueError(msg)
    return text


def _push_aes_key(text: str) -> str:
    try:
        fits = len(base64.b64decode(text + "=", validate=True)) == KEY_BYTES
    except binascii.Error:
        fits = False
    if not fits:
        msg = "not an EncodingAESKey of 43 characters"
        raise ValueError(msg)
    return text


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))


def _token(text: str) -> str:
    """Read a bearer token: what a header can carry as one word."""
    if not re.fullmatch(r"[!-~]+", text):
        msg = "only ASCII characters, no spaces"
        raise ValueError(msg)
    return text


def _count(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
            msg = f"not a number from 1 to {most}"
            raise ValueError(msg)
        return int(text)

    return parse


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        msg = "either 0 or 1"
        raise ValueError(msg)
    return text == "1"


# Guards, used in production only: value in; out comes the reason to refuse it, or None. ------------------------------


def _weak(secret: str) -> str | None:
    if len(secret) < _SECRET_CHARS_MIN or len(set(secret)) < _DISTINCT_CHARS_MIN:
        return f"weak: at least {_SECRET_CHARS_MIN} characters, {_DISTINCT_CHARS_MIN} of them different"
    if any(word in secret.lower() for word in _PLACEHOLDERS):
        return "weak: a placeholder, not a secret"
    return None


def _weak_keys(keys: tuple[bytes, ...]) -> str | None:
    if any(len(set(key)) < _DISTINCT_KEY_BYTES_MIN for key in keys):
        return "weak: a key is not random"
    return None


def _weak_database(url: str) -> str | None:
    parts = urlsplit(url)
    if not parts.hostname:
        return None  # a local socket: PostgreSQL identifies the user itself
    return _weak(parts.password or "") and "the password is missing or weak"


def _not_served(_url: str) -> str | None:
    return "not for `serve` and `worker`: give it to `migrate` only"


def _not_public(base: str) -> str | None:
    parts = urlsplit(base)
    if parts.scheme != "https":
        return "WeChat calls https only"
    if is_loopback(base) or _is_private(parts.hostname or ""):
        return "not an address that WeChat can reach"
    return None


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".test", ".invalid"))


def _not_wechat(base: str) -> str | None:
    parts = urlsplit(base)
    if parts.scheme != "https" or not (parts.hostname or "").endswith(".weixin.qq.com"):
        return "not WeChat's own https address"
    return None


def _unlike(pattern: str) -> Callable[[str], str | None]:
    return lambda value: None if re.fullmatch(pattern, value) else "not in WeChat's form"


def _development_only(_value: object) -> str | None:
    return "for development only"
