"""Login codes, sessions, access tokens and phone numbers of the mini program."""

from typing import Any

import msgspec

from server.sandbox import crypto, users
from server.sandbox.context import Sandbox, china_day
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_gate import OK, MiniAnswer, MiniCall, MiniOperation
from server.sandbox.store import Doc

CODE_VALID_S = 300
TOKEN_VALID_S = 7200
OVERLAP_S = 300
"""How long a replaced token still works."""
FORCED_PER_DAY = 20
BETWEEN_FORCED_S = 30
_EXPIRED = (42001, "access_token expired")
_REPLACED = (40001, "invalid credential, access_token is invalid or not latest")


def issue_code(sandbox: Sandbox, openid: str) -> str:
    """Make a wx.login code for the user; a new openid makes a new user."""
    users.meet(sandbox, openid)
    return _issue(sandbox, "code", {"openid": openid})


def issue_phone_code(sandbox: Sandbox, openid: str, phone: str) -> str:
    """Make the code that the phone-number button returns."""
    users.meet(sandbox, openid)
    return _issue(sandbox, "phone_code", {"openid": openid, "phone": phone})


def _issue(sandbox: Sandbox, kind: str, facts: Doc) -> str:
    code = "0" + crypto.random_word(31)
    sandbox.store.put(kind, code, {**facts, "expires": sandbox.now() + CODE_VALID_S})
    return code


def _redeem(sandbox: Sandbox, kind: str, code: str) -> Doc:
    """Return what a code stands for, and use the code up. Raises MiniRefusal: 40029."""
    found = sandbox.store.get(kind, code)
    if found is None or found["expires"] <= sandbox.now():
        raise MiniRefusal(40029, "invalid code")
    sandbox.store.delete(kind, code)
    return found


def _check_app(sandbox: Sandbox, appid: str, secret: str) -> None:
    if not appid:
        raise MiniRefusal(41002, "appid missing")
    if not secret:
        raise MiniRefusal(41004, "appsecret missing")
    if appid != sandbox.config.appid:
        raise MiniRefusal(40013, "invalid appid")
    if secret != sandbox.config.secret:
        raise MiniRefusal(40125, "invalid appsecret")


def code2session(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`GET /sns/jscode2session`: no `errcode` on success."""
    _check_app(sandbox, call.query.get("appid", ""), call.query.get("secret", ""))
    if not call.query.get("js_code"):
        raise MiniRefusal(41008, "missing code")
    if call.query.get("grant_type") != "authorization_code":
        raise MiniRefusal(40002, "invalid grant_type")
    if sandbox.knobs.take("user_blocked", "code2session"):
        raise MiniRefusal(40226, "code blocked")
    openid = _redeem(sandbox, "code", call.query["js_code"])["openid"]
    user = users.meet(sandbox, openid)
    return {"session_key": user["session_key"], "openid": openid}


def _session_owner(sandbox: Sandbox, call: MiniCall) -> Doc:
    if call.query.get("sig_method") != "hmac_sha256":
        raise MiniRefusal(87008, "invalid sig_method")
    user = users.known_user(sandbox, call.query.get("openid", ""))
    if user is None or call.query.get("signature") != crypto.session_signature(user["session_key"]):
        raise MiniRefusal(87009, "invalid signature")
    return user


def check_session(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`GET /wxa/checksession`."""
    _session_owner(sandbox, call)
    return OK


def reset_session(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`GET /wxa/resetusersessionkey`."""
    user = users.renew_session(sandbox, _session_owner(sandbox, call))
    return {**OK, "openid": user["openid"], "session_key": user["session_key"]}


class StableToken(msgspec.Struct):
    """Body of stable_token."""

    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


def plain_token(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`GET /cgi-bin/token`: always a new token; the token before it works five minutes more."""
    if call.query.get("grant_type") != "client_credential":
        raise MiniRefusal(40002, "invalid grant_type")
    _check_app(sandbox, call.query.get("appid", ""), call.query.get("secret", ""))
    return _new_token(sandbox, "plain", old_lives_s=OVERLAP_S)


def stable_token(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /cgi-bin/stable_token`: the same token until its last five minutes, unless a refresh is forced."""
    body = call.read(StableToken)
    if body.grant_type != "client_credential":
        raise MiniRefusal(40002, "invalid grant_type")
    _check_app(sandbox, body.appid, body.secret)
    if body.force_refresh and _may_force(sandbox):
        return _new_token(sandbox, "stable", old_lives_s=0)
    current, now = _current(sandbox, "stable"), sandbox.now()
    if current is not None and current["expires"] - now > OVERLAP_S:
        return {"access_token": current["token"], "expires_in": int(current["expires"] - now)}
    return _new_token(sandbox, "stable", old_lives_s=OVERLAP_S)


def _may_force(sandbox: Sandbox) -> bool:
    now = sandbox.now()
    past = sandbox.store.get("forced", "stable") or {"day": "", "count": 0, "at": 0}
    count = past["count"] if past["day"] == china_day(now) else 0
    if now - past["at"] < BETWEEN_FORCED_S:
        return False
    if count >= FORCED_PER_DAY:
        raise MiniRefusal(45009, "reach max api daily quota limit")
    sandbox.store.put("forced", "stable", {"day": china_day(now), "count": count + 1, "at": now})
    return True


def _current(sandbox: Sandbox, kind: str) -> Doc | None:
    return sandbox.store.get("current_token", kind)


def _new_token(sandbox: Sandbox, kind: str, *, old_lives_s: int) -> dict[str, Any]:
    now = sandbox.now()
    token = f"{len(sandbox.config.appid)}_{crypto.random_word(133)}"
    current = _current(sandbox, kind)
    if current is not None:
        ends = now + old_lives_s
        replaced = ends < current["expires"]
        dies, death = (ends, _REPLACED) if replaced else (current["expires"], _EXPIRED)
        sandbox.store.put("token", current["token"], {"dies": dies, "death": death})
    expires = now + TOKEN_VALID_S
    sandbox.store.put("token", token, {"dies": expires, "death": _EXPIRED})
    sandbox.store.put("current_token", kind, {"token": token, "expires": expires})
    return {"access_token": token, "expires_in": TOKEN_VALID_S}


class PhoneCode(msgspec.Struct):
    """Body of getuserphonenumber."""

    code: str = ""
    openid: str | None = None


def phone_number(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/business/getuserphonenumber`."""
    body = call.read(PhoneCode)
    found = _redeem(sandbox, "phone_code", body.code)
    if body.openid is not None and body.openid != found["openid"]:
        raise MiniRefusal(40029, "invalid code")
    phone = {
        "phoneNumber": found["phone"],
        "purePhoneNumber": found["phone"],
        "countryCode": "86",
        "watermark": {"timestamp": int(sandbox.now()), "appid": sandbox.config.appid},
    }
    return {**OK, "phone_info": phone}


OPERATIONS = (
    MiniOperation("code2session", "GET", "/sns/jscode2session", code2session, takes_token=False),
    MiniOperation("session", "GET", "/wxa/checksession", check_session),
    MiniOperation("session", "GET", "/wxa/resetusersessionkey", reset_session),
    MiniOperation("token", "GET", "/cgi-bin/token", plain_token, takes_token=False),
    MiniOperation("token", "POST", "/cgi-bin/stable_token", stable_token, takes_token=False),
    MiniOperation("phone", "POST", "/wxa/business/getuserphonenumber", phone_number),
)
