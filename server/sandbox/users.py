"""The users of the imitated WeChat, by openid."""

import base64
import secrets

from server.sandbox.context import Sandbox
from server.sandbox.store import Doc


def known_user(sandbox: Sandbox, openid: str) -> Doc | None:
    """Return `{openid, session_key, seen}` of a user who has opened the mini program, else None."""
    return sandbox.store.get("user", openid)


def meet(sandbox: Sandbox, openid: str) -> Doc:
    """Return the user, created if new; they open the mini program now."""
    user = known_user(sandbox, openid) or {"openid": openid, "session_key": new_session_key()}
    return _save(sandbox, {**user, "seen": sandbox.now()})


def renew_session(sandbox: Sandbox, user: Doc) -> Doc:
    """Give the user a new session_key; the old key stops working."""
    return _save(sandbox, {**user, "session_key": new_session_key()})


def new_session_key() -> str:
    """Return 16 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _save(sandbox: Sandbox, user: Doc) -> Doc:
    sandbox.store.put("user", user["openid"], user)
    return user
