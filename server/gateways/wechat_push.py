"""Events that WeChat pushes to a mini program's server: the address check, and decoding plain and safe mode (JSON).

Source: mini program "消息推送"; its printed examples are in the tests. Events have no proof of freshness, and they may
come in any order and more than once. Deduplicate by `PushEvent.key`, and ask WeChat before money moves.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import msgspec

from server.gateways.cipher import cbc_open
from server.gateways.ports import NoticeRejected

_BLOCK_BYTES = 32
"""The padding is PKCS#7 to two AES blocks."""
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PushEvent:
    """One event. `fields` is the whole message; `items` is its `List` (WeChat sends a single item as an object)."""

    event: str
    openid: str
    created_at_s: int
    """Unix seconds."""
    items: tuple[Mapping[str, Any], ...]
    fields: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same text for every delivery of the same event, as far as WeChat lets us recognise it."""
        body = msgspec.json.encode(self.fields, order="sorted")
        return f"{self.event}:{self.openid}:{self.created_at_s}:{hashlib.sha256(body).hexdigest()[:16]}"


class _Kind(msgspec.Struct):
    kind: str = msgspec.field(name="MsgType", default="")


class _Head(msgspec.Struct):
    event: str = msgspec.field(name="Event")
    openid: str = msgspec.field(name="FromUserName")
    created_at_s: int = msgspec.field(name="CreateTime")
    items: list[dict[str, Any]] | dict[str, Any] = msgspec.field(name="List", default_factory=list)


class _Sealed(msgspec.Struct):
    encrypt: str = msgspec.field(name="Encrypt")


class WeChatPush:
    """Verifies and decodes pushed events of one app; without a token nothing is accepted.

    `aes_key` is the 43-character EncodingAESKey, or empty for plain mode. With a key only safe mode is accepted: the
    signature of a plain push does not cover the body, so anyone who saw one push could forge another.
    """

    def __init__(self, appid: str, token: str, aes_key: str) -> None:
        self._appid = appid
        self._token = token
        self._key = base64.b64decode(aes_key + "=") if aes_key else b""

    def verify_url(self, query: Mapping[str, str]) -> bool:
        """Whether the address check (`signature`, `timestamp`, `nonce`) is WeChat's; then answer its raw `echostr`."""
        return self._signed(query, "signature")

    def open_event(self, query: Mapping[str, str], body: bytes) -> PushEvent | None:
        """Return the event of one push; None for a verified message that is no event, such as a text to the service.

        Raises NoticeRejected: signature, mode, malformed, appid or shape.
        """
        if query.get("encrypt_type") == "aes":
            body = self._unsealed(query, body)
        elif self._key:
            _reject("mode")
        elif not self._signed(query, "signature"):
            _reject("signature")
        if _decoded(body, _Kind).kind not in ("", "event"):
            return None
        head = _decoded(body, _Head)
        return PushEvent(
            event=head.event,
            openid=head.openid,
            created_at_s=head.created_at_s,
            items=(head.items,) if isinstance(head.items, dict) else tuple(head.items),
            fields=_decoded(body, dict[str, Any]),
        )

    def _signed(self, query: Mapping[str, str], name: str, *more: str) -> bool:
        parts = sorted([self._token, query.get("timestamp", ""), query.get("nonce", ""), *more])
        digest = hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()
        return bool(self._token) and hmac.compare_digest(digest.encode(), query.get(name, "").encode())

    def _unsealed(self, query: Mapping[str, str], body: bytes) -> bytes:
        sealed = _decoded(body, _Sealed).encrypt
        if not self._key:
            _reject("mode")
        if not self._signed(query, "msg_signature", sealed):
            _reject("signature")
        try:
            plain = cbc_open(self._key, self._key[:16], base64.b64decode(sealed), _BLOCK_BYTES)
        except ValueError:
            _reject("malformed")
        start = _RANDOM_BYTES + _LENGTH_BYTES
        end = start + int.from_bytes(plain[_RANDOM_BYTES:start], "big")
        if plain[end:] != self._appid.encode():
            _reject("appid")
        return plain[start:end]


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _reject("shape")


def _reject(reason: str) -> NoReturn:
    raise NoticeRejected(reason)
