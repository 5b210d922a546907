"""Settings: every mistake is named, and production starts only when all are right."""

import base64
import ipaddress
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from server.gateways.transport import is_loopback
from server.sandbox.identity import Identity
from server.settings import Settings, SettingsError

HERE = {"DATABASE_URL": "postgres://tuisan:s3@127.0.0.1:5432/tuisan", "REDIS_URL": "redis://127.0.0.1:6379/0"}
NO_FILE = Path("/nonexistent/.env")
Environment = dict[str, str]


@pytest.fixture
def production(identity: Identity) -> Environment:
    """Return settings with which production starts."""
    return {
        "TUISAN_ENV": "production",
        "DATABASE_URL": "postgres://tuisan:q8Zr2LxVb5Nw7KtD@db.internal:5432/tuisan",
        "REDIS_URL": "rediss://:q8Zr2LxVb5Nw7KtD@cache.internal:6380/0",
        "PUBLIC_BASE_URL": "https://mall.tuisan.cn/",
        "WECHAT_APPID": identity.appid,
        "WECHAT_SECRET": secrets.token_hex(16),
        "WECHAT_MCHID": "1600000001",
        "WECHAT_MCH_SERIAL": identity.merchant_serial,
        "WECHAT_MCH_PRIVATE_KEY": identity.merchant_private_key,
        "WECHAT_APIV3_KEY": identity.apiv3_key,
        "WECHAT_PAY_PUBLIC_KEY": identity.platform_public_key,
        "WECHAT_PAY_PUBLIC_KEY_ID": identity.platform_public_key_id,
        "WECHAT_PUSH_TOKEN": identity.push_token,
        "WECHAT_PUSH_AES_KEY": identity.push_aes_key,
        "FIELD_KEYS": ",".join(base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)),
        "TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7",
        "WEB_WORKERS": "2",
    }


def problems(environ: Environment, env_file: Path = NO_FILE) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(environ, env_file)
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


def test_production_with_everything(production: Environment) -> None:
    settings = Settings.from_env(production, NO_FILE)
    assert settings.production
    assert settings.operator_limits
    assert settings.public_base_url == "https://mall.tuisan.cn"
    assert (settings.wechat_api_base, settings.wechat_pay_base) == (
        "https://api.weixin.qq.com",
        "https://api.mch.weixin.qq.com",
    )
    assert [len(key) for key in settings.field_keys] == [32, 32]
    assert settings.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("192.0.2.7/32"))
    assert (settings.web_workers, settings.db_pool_size, settings.worker_jobs) == (2, 10, 10)
    assert (settings.api_docs, settings.data_dir, settings.sandbox_control_url, settings.clock_file) == (
        False,
        None,
        "",
        None,
    )


def test_development_with_little() -> None:
    settings = Settings.from_env(HERE, NO_FILE)
    assert not settings.production
    assert not settings.operator_limits
    assert settings.api_docs
    assert settings.h5_dir == Path(__file__).parents[2] / "build" / "h5"
    assert (settings.public_base_url, settings.field_keys, settings.wechat_secret) == ("http://127.0.0.1:8000", (), "")


def test_development_with_its_own_places(tmp_path: Path) -> None:
    given = {
        "DATA_DIR": str(tmp_path),
        "CLOCK_FILE": str(tmp_path / "clock"),
        "SANDBOX_CONTROL_URL": "http://127.0.0.1:9000/",
        "H5_DIR": str(tmp_path / "shop"),
        "WECHAT_API_BASE": "http://127.0.0.1:9000",
        "API_DOCS": "0",
    }
    settings = Settings.from_env(HERE | given, NO_FILE)
    assert (settings.data_dir, settings.clock_file) == (tmp_path, tmp_path / "clock")
    assert settings.h5_dir == tmp_path / "shop"
    assert settings.sandbox_control_url == settings.wechat_api_base == "http://127.0.0.1:9000"
    assert not settings.api_docs


def test_no_secret_is_shown(production: Environment) -> None:
    shown = repr(Settings.from_env(production, NO_FILE))
    hidden = ("SECRET", "APIV3", "PUSH", "FIELD_KEYS", "PRIVATE", "_URL")
    for name, value in production.items():
        assert not any(word in name for word in hidden) or name == "PUBLIC_BASE_URL" or value not in shown, name


# --- Missing ---------------------------------------------------------------------------------------------------------


def test_nowhere_without_engines() -> None:
    assert problems({}) == ("DATABASE_URL: missing", "REDIS_URL: missing")


def test_production_names_everything_that_is_missing_at_once(production: Environment) -> None:
    optional = {"TUISAN_ENV", "TRUSTED_PROXIES", "WEB_WORKERS"}
    assert set(problems({"TUISAN_ENV": "production"})) == {f"{name}: missing" for name in production.keys() - optional}


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_is_missing(production: Environment, blank: str) -> None:
    assert problems(production | {"WECHAT_SECRET": blank}) == ("WECHAT_SECRET: missing",)


# --- What production does not accept, and development does -----------------------------------------------------------

PUBLIC, WECHAT, FORM = "https only", "not WeChat's own https address", "not in WeChat's form"
REACH = "not an address that WeChat can reach"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PUBLIC_BASE_URL", "http://mall.tuisan.cn", PUBLIC),
        ("PUBLIC_BASE_URL", "https://localhost", REACH),
        ("PUBLIC_BASE_URL", "https://mall.localhost:8443", REACH),
        ("PUBLIC_BASE_URL", "https://127.0.0.1", REACH),
        ("PUBLIC_BASE_URL", "https://[::1]:8000", REACH),
        ("PUBLIC_BASE_URL", "https://192.168.1.5", REACH),
        ("PUBLIC_BASE_URL", "https://mall", REACH),
        ("PUBLIC_BASE_URL", "https://mall.local", REACH),
        ("WECHAT_API_BASE", "http://api.weixin.qq.com", WECHAT),
        ("WECHAT_API_BASE", "http://127.0.0.1:9000", WECHAT),
        ("WECHAT_API_BASE", "https://sandbox.tuisan.cn", WECHAT),
        ("WECHAT_PAY_BASE", "http://localhost:9000", WECHAT),
        ("WECHAT_PAY_BASE", "https://api.mch.weixin.qq.com.evil.cn", WECHAT),
        ("WECHAT_APPID", "touristappid", FORM),
        ("WECHAT_MCHID", "merchant", FORM),
        ("WECHAT_MCH_SERIAL", "123", FORM),
        ("WECHAT_PAY_PUBLIC_KEY_ID", "7132D72A03E93CDDF8C03BBD1F37EEDF", FORM),
        ("WECHAT_SECRET", "short", "weak"),
        ("WECHAT_SECRET", "a" * 32, "weak"),
        ("WECHAT_APIV3_KEY", "0123456789abcdef0123456789ABCDEF", "placeholder"),
        ("WECHAT_APIV3_KEY", "abababababababababababababababab", "weak"),
        ("WECHAT_PUSH_TOKEN", "AAAAA", "weak"),
        ("WECHAT_PUSH_TOKEN", "please-changeme-soon", "placeholder"),
        ("WECHAT_PUSH_AES_KEY", "A" * 43, "weak"),
        ("FIELD_KEYS", base64.b64encode(bytes(32)).decode(), "not random"),
        ("DATABASE_URL", "postgres://tuisan@db.internal/tuisan", "password is missing or weak"),
        ("DATABASE_URL", "postgres://tuisan:tuisan@db.internal/tuisan", "password is missing or weak"),
        ("DATABASE_OWNER_URL", "postgres://owner:owner@db.internal/tuisan", "password is missing or weak"),
        ("SANDBOX_CONTROL_URL", "http://127.0.0.1:9000", "development only"),
        ("METRICS_TOKEN", "prometheus", "weak"),
        ("CLOCK_FILE", "/tmp/clock", "development only"),  # noqa: S108 - never opened
    ],
)
def test_production_refuses_by_name(production: Environment, name: str, value: str, reason: str) -> None:
    refused = problems(production | {name: value})
    assert len(refused) == 1
    assert refused[0].startswith(f"{name}: ")
    assert reason in refused[0]
    assert not Settings.from_env(production | {name: value, "TUISAN_ENV": "development"}, NO_FILE).production


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres:///tuisan"),  # a local socket has no password
        ("DATABASE_OWNER_URL", "postgres://owner:p6Hx9TdWm3Qz8RfB@db.internal:5432/tuisan"),
        ("PUBLIC_BASE_URL", "https://8.8.8.8"),
        ("WECHAT_PAY_BASE", "https://api2.mch.weixin.qq.com"),
        ("API_DOCS", "1"),
        ("OPERATOR_LIMITS", "0"),
        ("DATA_DIR", "/srv/tuisan"),
    ],
)
def test_production_accepts(production: Environment, name: str, value: str) -> None:
    assert Settings.from_env(production | {name: value}, NO_FILE).production


# --- What cannot be read anywhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize("env", ["production", "development"])
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DATABASE_URL", "mysql://tuisan:hunter22@db/tuisan", "beginning with postgres:// or postgresql://"),
        ("DATABASE_OWNER_URL", "mysql://owner:hunter22@db/tuisan", "beginning with postgres:// or postgresql://"),
        ("DATABASE_URL", "postgres://tuisan:hunter22/x@db/tuisan", "beginning with"),
        ("DATABASE_URL", "postgres://[hunter22", "beginning with"),
        ("REDIS_URL", "127.0.0.1:6379", "beginning with redis://"),
        ("PUBLIC_BASE_URL", "mall.tuisan.cn", "beginning with http:// or https://"),
        ("PUBLIC_BASE_URL", "https://", "plain http(s) address"),
        ("PUBLIC_BASE_URL", "https://mall.tuisan.cn/?a=1", "plain http(s) address"),
        ("PUBLIC_BASE_URL", "https://u:hunter22@mall.tuisan.cn", "plain http(s) address"),
        ("WECHAT_APIV3_KEY", "hunter22", "32 characters"),
        ("WECHAT_PUSH_AES_KEY", "hunter22", "43 characters"),
        ("WECHAT_PUSH_AES_KEY", "*" * 43, "43 characters"),
        ("WECHAT_PUSH_AES_KEY", "A" * 40, "43 characters"),
        ("FIELD_KEYS", "hunter22", "key 1 has 6 bytes"),
        ("WECHAT_MCH_PRIVATE_KEY", "/nonexistent/key.pem", "neither PEM text nor a readable file"),
        ("WECHAT_MCH_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\nhunter22", "not a private key in PEM"),
        ("WECHAT_PAY_PUBLIC_KEY", "-----BEGIN CERTIFICATE-----\nhunter22", "a certificate is something else"),
        ("TRUSTED_PROXIES", "proxy.internal", "does not appear to be"),
        ("WEB_WORKERS", "0", "1 to 64"),
        ("WEB_WORKERS", "many", "1 to 64"),
        ("DB_POOL_SIZE", "-1", "1 to 500"),
        ("WORKER_JOBS", "501", "1 to 500"),
        ("API_DOCS", "yes", "either 0 or 1"),
        ("METRICS_TOKEN", "hunter22 hunter22", "no spaces"),
    ],
)
def test_what_cannot_be_read(production: Environment, env: str, name: str, value: str, reason: str) -> None:
    refused = problems(production | {"TUISAN_ENV": env, name: value})
    assert len(refused) == 1
    assert refused[0].startswith(f"{name}: ")
    assert reason in refused[0]
    assert "hunter22" not in refused[0]


def test_another_environment_is_none(production: Environment) -> None:
    assert "TUISAN_ENV: either development or production" in problems(production | {"TUISAN_ENV": "prod"})


# --- Keys ------------------------------------------------------------------------------------------------------------


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat, password: bytes = b"") -> str:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, lock).decode()


@pytest.fixture(scope="module")
def merchant_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_a_private_key_in_any_form(production: Environment, merchant_key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    new = pem(merchant_key, PrivateFormat.PKCS8)
    old = pem(merchant_key, PrivateFormat.TraditionalOpenSSL)
    path = tmp_path / "apiclient_key.pem"
    path.write_text(old)
    for given in (new, old, str(path), old.replace("\n", "\\n")):
        settings = Settings.from_env(production | {"WECHAT_MCH_PRIVATE_KEY": given}, NO_FILE)
        assert settings.wechat_mch_private_key == new


def test_private_keys_that_will_not_do(production: Environment, merchant_key: rsa.RSAPrivateKey) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the point
    for key, reason in (
        (pem(merchant_key, PrivateFormat.PKCS8, b"secret"), "is encrypted"),
        (pem(short, PrivateFormat.PKCS8), "at least 2048 bits"),
        (pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8), "not an RSA private key"),
    ):
        assert reason in problems(production | {"WECHAT_MCH_PRIVATE_KEY": key})[0]


def test_public_keys_that_will_not_do(production: Environment) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert "not an RSA public key" in problems(production | {"WECHAT_PAY_PUBLIC_KEY": text})[0]


# --- The file ---------------------------------------------------------------------------------------------------------


def test_the_file_fills_in_for_development(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# 注释\n\nDATABASE_URL = \"postgres:///filed\"\nREDIS_URL='redis://filed'\nWECHAT_SECRET=a=b # kept\n", "utf-8"
    )
    settings = Settings.from_env({"REDIS_URL": "redis://given"}, file)
    assert (settings.database_url, settings.redis_url) == ("postgres:///filed", "redis://given")
    assert settings.wechat_secret == "a=b # kept"


def test_who_must_say_the_environment_is_not_taken_for_development(production: Environment, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TUISAN_ENV=development\n")
    for environ in (HERE, HERE | {"TUISAN_ENV": " "}):
        with pytest.raises(SettingsError) as refused:
            Settings.from_env(environ, file, said=True)
        assert refused.value.problems == ("TUISAN_ENV: missing, say development or production",)
        assert not Settings.from_env(environ, NO_FILE).production
    assert not Settings.from_env(HERE | {"TUISAN_ENV": "development"}, NO_FILE, said=True).production
    assert Settings.from_env(production, NO_FILE, said=True).production


def test_the_owners_role_is_for_commands_that_change_tables(production: Environment) -> None:
    owner_url = "postgres://owner:p6Hx9TdWm3Qz8RfB@db.internal:5432/tuisan"
    settings = Settings.from_env(production | {"DATABASE_OWNER_URL": owner_url}, NO_FILE)
    assert settings.owner_url == owner_url
    assert owner_url not in repr(settings)
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL: missing"):
        _ = Settings.from_env(production, NO_FILE).owner_url
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL: not for `serve` and `worker`"):
        Settings.from_env(production | {"DATABASE_OWNER_URL": owner_url}, NO_FILE, said=True)
    development = HERE | {"TUISAN_ENV": "development", "DATABASE_OWNER_URL": owner_url}
    assert Settings.from_env(development, NO_FILE, said=True).owner_url == owner_url


def test_the_file_is_not_for_production(production: Environment, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"WECHAT_SECRET={production.pop('WECHAT_SECRET')}\n")
    assert problems(production, file) == ("WECHAT_SECRET: missing",)


def test_the_file_cannot_say_production(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TUISAN_ENV=production\n")
    assert problems(HERE, file)[0].startswith("TUISAN_ENV: only the environment can set it")


def test_the_example_names_every_setting_and_starts_development(production: Environment) -> None:
    example = Path(__file__).parents[2] / ".env.example"
    named = {line.partition("=")[0] for line in example.read_text("utf-8").splitlines() if line[:1].isalpha()}
    read = {"DATA_DIR", "H5_DIR", "CLOCK_FILE", "SANDBOX_CONTROL_URL", "API_DOCS", "DB_POOL_SIZE", "WORKER_JOBS"}
    read |= {"METRICS_TOKEN", "DATABASE_OWNER_URL", "OPERATOR_LIMITS"}
    assert named == production.keys() | read | {"WECHAT_API_BASE", "WECHAT_PAY_BASE"}
    assert not Settings.from_env(HERE, example).production


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://localhost:1", True),
        ("http://a.localhost", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("https://api.weixin.qq.com", False),
        ("http://10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback(url: str, ours: bool) -> None:
    assert is_loopback(url) is ours


def test_a_year_of_a_shop_is_never_made_in_production(production: Environment) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server", "seed", "--scale"],
        env={**os.environ, **production},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr.decode()) == (2, "TUISAN_ENV: 只能在 development 中运行 not in production\n")
