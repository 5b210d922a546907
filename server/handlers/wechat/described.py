"""WeChat's calls to us as the OpenAPI document shows them. They have no declaration: WeChat decides their form."""

from typing import Any

_TAG = "微信回调"
_JSON = "application/json"
_TEXT = {"type": "string"}
_FORGED: dict[str, Any] = {
    "description": "验签失败：签名、证书序列号或时间（±5 分钟）不对；已记入安全日志",
    "content": {
        _JSON: {
            "schema": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "string", "const": "FAIL"}, "message": _TEXT},
            },
            "example": {"code": "FAIL", "message": "验签失败"},
        }
    },
}


def _refused(why: str) -> dict[str, Any]:
    return {"description": why, "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}


_TOO_LARGE = _refused("too_large: 内容过大")
_AGAIN = {
    "500": _refused("internal: 系统出错了，微信会再次通知"),
    "503": _refused("busy: 系统繁忙，微信会再次通知") | {"headers": {"Retry-After": {"schema": _TEXT}}},
}
_PAY_HEADERS = [
    {"name": f"Wechatpay-{name}", "in": "header", "required": True, "schema": _TEXT}
    for name in ("Signature", "Timestamp", "Nonce", "Serial")
]
_RESOURCE = ("original_type", "algorithm", "ciphertext", "associated_data", "nonce")
_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "event_type", "resource"],
    "properties": {
        "id": _TEXT,
        "create_time": _TEXT,
        "event_type": _TEXT,
        "resource_type": _TEXT,
        "summary": _TEXT,
        "resource": {
            "type": "object",
            "required": ["original_type", "ciphertext", "nonce"],
            "properties": dict.fromkeys(_RESOURCE, _TEXT),
        },
    },
}
_EXAMPLE = {
    "id": "EV-2018022511223320873",
    "create_time": "2026-05-20T13:29:35+08:00",
    "resource_type": "encrypt-resource",
    "event_type": "TRANSACTION.SUCCESS",
    "summary": "支付成功",
    "resource": {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": "…",
        "associated_data": "transaction",
        "nonce": "…",
    },
}


def _notice(name: str, summary: str, description: str, event: str, original: str) -> dict[str, Any]:
    resource = _EXAMPLE["resource"] | {"original_type": original}  # type: ignore[operator] # a dict
    example = _EXAMPLE | {"event_type": event, "summary": summary, "resource": resource}
    return {
        "operationId": f"wechat_pay.{name}",
        "summary": summary,
        "description": description,
        "tags": [_TAG],
        "parameters": _PAY_HEADERS,
        "requestBody": {"required": True, "content": {_JSON: {"schema": _ENVELOPE, "example": example}}},
        "responses": {
            "204": {"description": "已提交；重复的、对不上的通知也是 204（已记录，已报警）"},
            "401": _FORGED,
            "413": _TOO_LARGE,
            **_AGAIN,
        },
    }


def _query(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "required": False, "schema": _TEXT} for name in names]


_CHECK: dict[str, Any] = {
    "operationId": "wechat_push.check_address",
    "summary": "消息推送：校验地址",
    "description": "WeChat's check of our address: the signature by our token is verified, `echostr` is the answer.",
    "tags": [_TAG],
    "parameters": _query("signature", "timestamp", "nonce", "echostr"),
    "responses": {
        "200": {"description": "原样返回 echostr", "content": {"text/plain; charset=utf-8": {"schema": _TEXT}}},
        "401": _FORGED,
        **_AGAIN,
    },
}
_PUSH: dict[str, Any] = {
    "operationId": "wechat_push.take_event",
    "summary": "消息推送：事件与消息",
    "description": "An event in safe mode (JSON). A message that is no event is acknowledged in the same way.",
    "tags": [_TAG],
    "parameters": _query("signature", "timestamp", "nonce", "openid", "encrypt_type", "msg_signature"),
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "required": ["ToUserName", "Encrypt"],
                    "properties": {"ToUserName": _TEXT, "Encrypt": _TEXT},
                },
                "example": {"ToUserName": "gh_97417a04a28d", "Encrypt": "…"},
            }
        },
    },
    "responses": {
        "200": {
            "description": "已收到",
            "content": {"text/plain; charset=utf-8": {"schema": _TEXT, "example": "success"}},
        },
        "401": _FORGED,
        "413": _TOO_LARGE,
        **_AGAIN,
    },
}

PATHS: dict[str, dict[str, Any]] = {
    "/wechat/pay/notify": {
        "post": _notice(
            "pay_notify",
            "支付结果通知",
            "A payment. One that does not fit its order changes nothing: it is recorded and operators are told.",
            "TRANSACTION.SUCCESS",
            "transaction",
        )
    },
    "/wechat/refund/notify": {
        "post": _notice("refund_notify", "退款结果通知", "The outcome of a refund.", "REFUND.SUCCESS", "refund")
    },
    "/wechat/transfer/notify": {
        "post": _notice(
            "transfer_notify",
            "转账结果通知",
            "The end of a withdrawal's transfer.",
            "MCHTRANSFER.BILL.FINISHED",
            "mch_payment",
        )
    },
    "/wechat/push": {"get": _CHECK, "post": _PUSH},
}
"""By path and method, like `paths` of the document."""
