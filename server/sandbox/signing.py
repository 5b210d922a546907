"""WeChat Pay's gate: verifies a request, runs its operation, signs the answer and, if a knob says so, spoils it."""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sanic import HTTPResponse, Request
from sanic.response import raw

from server.sandbox import crypto
from server.sandbox.context import Sandbox
from server.sandbox.errors import SIGN_ERRNO, PayError, param_error, shape_error
from server.sandbox.knobs import Operation

MAX_SKEW_S = 300
MAX_NONCE_LENGTH = 32
_SCHEME = "WECHATPAY2-SHA256-RSA2048 "
_PAIR = re.compile(r'(\w+)="([^"]*)"')
_TRUNCATED = 1024

Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(frozen=True)
class PayCall:
    """One verified request: path arguments, query arguments and raw body."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    base_url: str

    def read(self, shape: type[Shape]) -> Shape:
        """Parse the body as the declared type. Raises PayError: PARAM_ERROR naming the field."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except msgspec.ValidationError as error:
            raise shape_error(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise param_error("", "请求体不是合法的JSON") from error


@dataclass(frozen=True)
class PayAnswer:
    """Status and body of a success; only bill downloads are not `signed`."""

    status: int
    body: bytes
    content_type: str = "application/json"
    signed: bool = True


def ok(body: Any) -> PayAnswer:
    """Return 200 with compact UTF-8 JSON."""
    return PayAnswer(200, orjson.dumps(body))


@dataclass(frozen=True)
class PayOperation:
    """One endpoint; `run` works inside one transaction of the store and raises PayError to refuse."""

    name: Operation
    method: str
    path: str
    run: Callable[[Sandbox, PayCall], PayAnswer]


async def handle(sandbox: Sandbox, operation: PayOperation, request: Request, path: Mapping[str, str]) -> HTTPResponse:
    """Verify, run, commit, answer; refusals are not signed, as with WeChat."""
    knobs = sandbox.knobs
    try:
        verify(sandbox, request)
        if knobs.take("rate_limited", operation.name):
            raise PayError(429, "FREQUENCY_LIMITED", "频率超限", errno=268447840)
        query = {name: request.args.get(name, "") for name in request.args}
        call = PayCall(path, query, request.body, f"{request.scheme}://{request.host}")
        with sandbox.store.transaction():
            answer = operation.run(sandbox, call)
    except PayError as refusal:
        return refused(refusal)
    if knobs.take("timeout_after_commit", operation.name):
        return await hang_up(sandbox, request)
    if knobs.take("fail_500_after_commit", operation.name):
        return refused(PayError(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用"))
    spoil = knobs.take("bad_signature_after_commit", operation.name)
    return _signed(sandbox, request, answer, spoil=spoil)


async def hang_up(sandbox: Sandbox, request: Request) -> HTTPResponse:
    """Keep the caller waiting, then close the connection without an answer."""
    await asyncio.sleep(sandbox.knobs.now.timeout_hold_s)
    transport: Any = request.transport  # Sanic's type for it has no abort()
    transport.abort()
    return raw(b"", status=504)


def refused(refusal: PayError) -> HTTPResponse:
    """Return an unsigned error envelope."""
    headers = {"Request-ID": f"08{secrets.token_hex(12).upper()}-{refusal.errno}"}
    return raw(orjson.dumps(refusal.body()), refusal.status, headers, "application/json")


def signing_key(sandbox: Sandbox, *, asked_serial: str | None) -> tuple[RSAPrivateKey, str]:
    """Return the key that signs an answer, and its serial; `asked_serial` None: it signs a notification."""
    mode = sandbox.knobs.now.signing
    by_public_key = asked_serial == sandbox.config.platform_public_key_id
    if mode == "public_key" or (mode == "switching" and by_public_key):
        return sandbox.keys.platform, sandbox.config.platform_public_key_id
    return sandbox.keys.certified, sandbox.keys.certificate_serial


def signature_headers(sandbox: Sandbox, body: bytes, *, asked_serial: str | None, timestamp: int) -> dict[str, str]:
    """Return the five Wechatpay-* headers for `body`."""
    key, serial = signing_key(sandbox, asked_serial=asked_serial)
    nonce = crypto.random_word(32)
    return {
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": crypto.rsa_sign(key, crypto.message_lines(str(timestamp), nonce, body)),
        "Wechatpay-Signature-Type": crypto.SIGNATURE_TYPE,
        "Wechatpay-Serial": serial,
    }


def _signed(sandbox: Sandbox, request: Request, answer: PayAnswer, *, spoil: bool) -> HTTPResponse:
    headers = {"Request-ID": f"08{secrets.token_hex(12).upper()}-0"}
    if answer.signed:
        asked = request.headers.get("wechatpay-serial", "")
        signed_body = answer.body + b" " if spoil else answer.body
        headers |= signature_headers(sandbox, signed_body, asked_serial=asked, timestamp=int(sandbox.now()))
    return raw(answer.body, answer.status, headers, answer.content_type)


def verify(sandbox: Sandbox, request: Request) -> None:
    """Check the Authorization header over the raw request. Raises PayError: 401 SIGN_ERROR."""
    config = sandbox.config
    header = request.headers.get("authorization", "")
    fields = dict(_PAIR.findall(header)) if header.startswith(_SCHEME) else {}
    if not {"mchid", "nonce_str", "signature", "timestamp", "serial_no"} <= fields.keys():
        raise _sign_error(
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》", "authorization malformed"
        )
    if fields["mchid"] != config.mchid:
        raise _sign_error("商户号与签名信息不符", "mchid unknown")
    if fields["serial_no"].upper() != config.merchant_serial.upper():
        raise _sign_error("商户证书序列号有误，请使用签名私钥匹配的证书序列号", "serial_no not match")
    timestamp, nonce = fields["timestamp"], fields["nonce_str"]
    if not timestamp.isascii() or not timestamp.isdigit() or not 0 < len(nonce) <= MAX_NONCE_LENGTH:
        raise _sign_error("Http头Authorization中的timestamp或nonce_str格式错误", "timestamp or nonce_str malformed")
    skew = min(abs(int(timestamp) - config.clock()), abs(int(timestamp) - config.wire_clock()))
    if skew > MAX_SKEW_S:
        raise _sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟", "timestamp expired")
    message = crypto.message_lines(request.method, request.raw_url, timestamp, nonce, request.body)
    if not crypto.rsa_verify(sandbox.keys.merchant, message, fields["signature"]):
        shown = message.decode(errors="replace")[:_TRUNCATED]
        information = {
            "method": request.method,
            "url": request.raw_url.decode(errors="replace"),
            "truncated_sign_message": shown,
            "sign_message_length": len(message),
        }
        raise _sign_error("错误的签名，验签失败", "sign not match", information)


def _sign_error(message: str, issue: str, information: dict[str, Any] | None = None) -> PayError:
    detail: dict[str, Any] = {"field": "signature", "location": "authorization", "issue": issue}
    if information is not None:
        # WeChat's real answers repeat the issue in a nested detail, beside sign_information.
        detail = {**detail, "detail": {"issue": issue}, "sign_information": information}
    return PayError(401, "SIGN_ERROR", message, errno=SIGN_ERRNO, detail=detail)
