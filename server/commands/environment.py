"""The environment of a development mall: what all its processes need, made once and kept in the data folder."""

import base64
import os
import secrets
from pathlib import Path

from server.sandbox.identity import make_identity

CLOCK_FILE = "clock"
_KEYS_FILE = "field_keys"


def development_environment(data: Path) -> dict[str, str]:
    """Return the settings made from `data` alone: WeChat identity, field keys, shared clock. No addresses."""
    identity = make_identity(data)
    return {
        "TUISAN_ENV": "development",
        "DATA_DIR": str(data),
        "CLOCK_FILE": str(data / CLOCK_FILE),
        "FIELD_KEYS": _field_keys(data / _KEYS_FILE),
        "WECHAT_APPID": identity.appid,
        "WECHAT_SECRET": identity.secret,
        "WECHAT_MCHID": identity.mchid,
        "WECHAT_MCH_SERIAL": identity.merchant_serial,
        "WECHAT_MCH_PRIVATE_KEY": identity.merchant_private_key,
        "WECHAT_APIV3_KEY": identity.apiv3_key,
        "WECHAT_PAY_PUBLIC_KEY": identity.platform_public_key,
        "WECHAT_PAY_PUBLIC_KEY_ID": identity.platform_public_key_id,
        "WECHAT_PUSH_TOKEN": identity.push_token,
        "WECHAT_PUSH_AES_KEY": identity.push_aes_key,
    }


def _field_keys(path: Path) -> str:
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)).decode())
    return path.read_text(encoding="ascii")
