"""The mini-program server API of one appid behind the port `Mini`, with an access token that all processes share.

The token is in Redis. One caller at a time fetches it from the stable interface, which gives the same token to
everyone, and early enough that the old token still works. If the entry is lost, the token is fetched again.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec
import redis.asyncio as aioredis
from redis.exceptions import RedisError

from server.core.clock import SHANGHAI, Clock
from server.gateways.cipher import cbc_open
from server.gateways.message_fields import fitted
from server.gateways.ports import OutcomeUnknown, Parcel, WeChatError, WeChatLogin
from server.gateways.transport import client
from server.rules.shipping import Way

REFRESH_BEFORE_S = 300
"""In a token's last five minutes WeChat already gives out the next token, while the old one still works."""
ITEM_DESC_CHARS_MAX = 120

_TOKEN_REFUSED = frozenset({"40001", "40014", "42001"})
_BUSY = frozenset({-1, 10060012, 10060019})
"""Failures inside WeChat: the code does not tell whether WeChat acted."""
_UNCHANGED, _ALREADY_SHIPPED = "10060023", "10060002"
_AES_BLOCK_BYTES = 16
_LOGISTICS = {Way.EXPRESS: 1, Way.OWN: 2, Way.VIRTUAL: 3, Way.PICK_UP: 4}
_BY_TRANSACTION_ID = 2
_UNIFIED = 1
_BY_INTERVAL = 1

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniConfig:
    """One mini program. `base_url` has no trailing slash."""

    appid: str
    secret: str = field(repr=False)
    base_url: str
    timeout_s: float


class _Status(msgspec.Struct):
    """The status of any answer; a successful one may have no `errcode`."""

    errcode: int = 0
    errmsg: str = ""


class _LoginAnswer(msgspec.Struct):
    openid: str
    session_key: str
    unionid: str | None = None


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: int


class _PhoneInfo(msgspec.Struct):
    pure_phone_number: str = msgspec.field(name="purePhoneNumber")
    country_code: str = msgspec.field(name="countryCode")


class _PhoneAnswer(msgspec.Struct):
    phone_info: _PhoneInfo


class _LinkAnswer(msgspec.Struct):
    url_link: str


class _Watermark(msgspec.Struct):
    appid: str


class _Group(msgspec.Struct):
    opengid: str
    watermark: _Watermark


class WeChatMini:
    """The port `Mini` for one appid, on one event loop: call `open()` and at the end `aclose()` on that loop."""

    def __init__(self, config: MiniConfig, redis: aioredis.Redis, clock: Clock) -> None:
        self._config = config
        self._redis = redis
        self._clock = clock
        self._token_key = f"wechat:token:{config.appid}"
        self._http: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Create the connection pool on the running loop; no request is sent. Raises RuntimeError when already open."""
        if self._http is not None:
            msg = "WeChatMini is already open"
            raise RuntimeError(msg)
        self._http = client(self._config.base_url, self._config.timeout_s)

    async def aclose(self) -> None:
        """Close the pool if it is open. It can be opened again, also on another loop."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def login(self, code: str) -> WeChatLogin:
        """See the port."""
        query = {
            "appid": self._config.appid,
            "secret": self._config.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = _believed(await self._send("GET", "/sns/jscode2session", query), _LoginAnswer)
        return WeChatLogin(openid=answer.openid, session_key=answer.session_key, unionid=answer.unionid)

    async def phone(self, code: str) -> str:
        """See the port."""
        response = await self._ask("/wxa/business/getuserphonenumber", {"code": code})
        info = _believed(response, _PhoneAnswer).phone_info
        country = "" if info.country_code == "86" else info.country_code
        return re.sub(r"\D", "", country + info.pure_phone_number)

    async def send_message(self, openid: str, template_id: str, page: str, values: Mapping[str, str]) -> None:
        """See the port. With an empty `page` the message opens nothing."""
        message = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": fitted(key, value)} for key, value in values.items()},
        }
        await self._ask("/cgi-bin/message/subscribe/send", message | ({"page": page} if page else {}))

    async def upload_shipping(self, parcel: Parcel) -> None:
        """See the port."""
        row: dict[str, Any] = {"item_desc": parcel.item_desc[:ITEM_DESC_CHARS_MAX]}
        if parcel.way is Way.EXPRESS:
            row |= {"express_company": parcel.company, "tracking_no": parcel.tracking_no}
            if parcel.receiver_phone:
                row["contact"] = {"receiver_contact": masked(parcel.receiver_phone)}
        record = {
            "order_key": {"order_number_type": _BY_TRANSACTION_ID, "transaction_id": parcel.transaction_id},
            "logistics_type": _LOGISTICS[parcel.way],
            "delivery_mode": _UNIFIED,
            "shipping_list": [row],
            "upload_time": self._clock.now().astimezone(SHANGHAI).isoformat(timespec="milliseconds"),
            "payer": {"openid": parcel.openid},
        }
        try:
            await self._ask("/wxa/sec/order/upload_shipping_info", record)
        except WeChatError as refused:
            known = refused.code == _UNCHANGED or (refused.code == _ALREADY_SHIPPED and not parcel.corrects)
            if not known:
                raise

    async def code_image(self, scene: str, page: str) -> bytes:
        """See the port. `page` has neither a leading `/` nor a query."""
        response = await self._ask("/wxa/getwxacodeunlimit", {"scene": scene, "page": page})
        if not _is_image(response):
            msg = "neither an image nor a refusal"
            raise OutcomeUnknown(msg)
        return response.content

    async def open_link(self, path: str, query: str, days: int) -> str:
        """See the port."""
        payload = {"path": path, "query": query, "expire_type": _BY_INTERVAL, "expire_interval": days}
        return _believed(await self._ask("/wxa/generate_urllink", payload), _LinkAnswer).url_link

    def group_id(self, session_key: str, encrypted_data: str, iv: str) -> str | None:
        """See the port."""
        try:
            key, start, data = (base64.b64decode(part) for part in (session_key, iv, encrypted_data))
            group = msgspec.json.decode(cbc_open(key, start, data, _AES_BLOCK_BYTES), type=_Group)
        except (ValueError, msgspec.DecodeError):
            return None  # the client sent this data, so it may be nonsense
        return group.opengid if group.watermark.appid == self._config.appid else None

    async def _ask(self, path: str, payload: Mapping[str, object]) -> httpx.Response:
        """POST with the access token; if the token is refused, try once more with a new token."""
        body = msgspec.json.encode(payload)
        token = await self._token()
        try:
            return await self._send("POST", path, {"access_token": token}, body)
        except WeChatError as refused:
            if refused.code not in _TOKEN_REFUSED:
                raise
        token = await self._token(refused=token)
        return await self._send("POST", path, {"access_token": token}, body)

    async def _token(self, refused: str | None = None) -> str:
        """Return the shared token; fetch one when there is none but `refused`. Many may wait, only one fetches."""
        patience_s = self._config.timeout_s * 4  # httpx times connecting, writing, reading, queueing apart
        try:
            token = await self._stored_token(refused)
            if token is None:
                async with self._redis.lock(
                    f"{self._token_key}:lock", timeout=patience_s, sleep=0.02, blocking_timeout=patience_s
                ):
                    token = await self._stored_token(refused) or await self._fetched_token()
        except RedisError as error:
            msg = f"no access token: {type(error).__name__}: {error}"
            raise OutcomeUnknown(msg) from error
        return token

    async def _stored_token(self, refused: str | None) -> str | None:
        stored = await self._redis.get(self._token_key)
        if stored is None:
            return None
        expires_at_s, token = msgspec.json.decode(stored, type=tuple[int, str])
        fresh = expires_at_s - self._clock.now().timestamp() >= REFRESH_BEFORE_S
        return token if fresh and token != refused else None

    async def _fetched_token(self) -> str:
        body = msgspec.json.encode(
            {"grant_type": "client_credential", "appid": self._config.appid, "secret": self._config.secret}
        )
        answer = _believed(await self._send("POST", "/cgi-bin/stable_token", {}, body), _TokenAnswer)
        expires_at_s = int(self._clock.now().timestamp()) + answer.expires_in
        stored = msgspec.json.encode((expires_at_s, answer.access_token))
        await self._redis.set(self._token_key, stored, ex=answer.expires_in)
        return answer.access_token

    async def _send(self, method: str, path: str, query: dict[str, str], body: bytes | None = None) -> httpx.Response:
        """Return an answer that is not a refusal. Raises what the port lists, and RuntimeError when not open."""
        if self._http is None:
            msg = "WeChatMini is not open"
            raise RuntimeError(msg)
        try:
            response = await self._http.request(
                method, path, params=query, content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            msg = f"{type(error).__name__}: {error}"
            raise OutcomeUnknown(msg) from error
        if response.status_code != httpx.codes.OK:
            msg = f"HTTP {response.status_code}"
            raise OutcomeUnknown(msg)
        if not _is_image(response):
            _refuse_errors(_believed(response, _Status))
        return response


def masked(phone: str) -> str:
    """Mask all but the last four digits, as the shipping record requires: `*******8888`."""
    return "*" * (len(phone) - 4) + phone[-4:]


def _is_image(response: httpx.Response) -> bool:
    return str(response.headers.get("Content-Type", "")).startswith("image/")


def _refuse_errors(status: _Status) -> None:
    if status.errcode in _BUSY:
        msg = f"{status.errcode}: {status.errmsg}"
        raise OutcomeUnknown(msg)
    if status.errcode:
        raise WeChatError(str(status.errcode), status.errmsg, httpx.codes.OK)


def _believed(response: httpx.Response, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"an answer in no known form: {error}"
        raise OutcomeUnknown(msg) from error
