"""The people who use the imitated WeChat, by openid."""

import base64
import secrets

from server.sandbox.context import Sandbox
from server.sandbox.store import Doc


def known_user(sandbox: Sandbox, openid: str) -> Doc | None:
    """`{openid, session_key, seen}` of somebody who has opened the mini program, else None."""
    return sandbox.store.get("user", openid)


def meet(sandbox: Sandbox, openid: str) -> Doc:
    """The user, made when new; opening the mini program now."""
    user = known_user(sandbox, openid) or {"openid": openid, "session_key": new_session_key()}
    return _save(sandbox, {**user, "seen": sandbox.now()})


def renew_session(sandbox: Sandbox, user: Doc) -> Doc:
    """Give the user a new session_key; the old one is dead."""
    return _save(sandbox, {**user, "session_key": new_session_key()})


def new_session_key() -> str:
    """Base64 of 16 bytes."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _save(sandbox: Sandbox, user: Doc) -> Doc:
    sandbox.store.put("user", user["openid"], user)
    return user
