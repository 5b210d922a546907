"""Refusals of any call: its format, its key, its rate, and what does not exist."""

from server.core.refusal import Refusal


class BadRequest(Refusal):
    """The request has the wrong format; `field` and `problem` say where."""

    code, status, message = "bad_request", 400, "请求格式不正确"


class IdempotencyKeyMissing(Refusal):
    """A call that moves value must carry an `Idempotency-Key` of at most 64 characters."""

    code, status, message = "idempotency_key_missing", 400, "缺少幂等键"


class NotAllowed(Refusal):
    """The caller is logged in, but has no permission."""

    code, status, message = "not_allowed", 403, "没有权限"


class NotFound(Refusal):
    """The object does not exist, or belongs to somebody else."""

    code, status, message = "not_found", 404, "没有找到"


class StateConflict(Refusal):
    """The object is in a state (`status`) that does not allow this call."""

    code, status, message = "state_conflict", 409, "当前状态不支持此操作"


class IdempotencyMismatch(Refusal):
    """The key was already used with another body."""

    code, status, message = "idempotency_mismatch", 409, "同一幂等键的内容不一致"


class TooLarge(Refusal):
    """The body is larger than the limit of the server."""

    code, status, message = "too_large", 413, "内容过大"


class TooManyRequests(Refusal):
    """Too many requests; wait for `retry_after_s` seconds."""

    code, status, message = "too_many_requests", 429, "操作太频繁，请稍后再试"
    retry_after_s = 1

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class Busy(Refusal):
    """The database or a lock is not available now; nothing was done."""

    code, status, message = "busy", 503, "系统繁忙，请稍后再试"
    retry_after_s = 1


class WeChatUnavailable(Refusal):
    """WeChat gave no trustworthy answer. Nothing is lost; try again."""

    code, status, message = "wechat_unavailable", 503, "微信服务暂时不可用，请稍后再试"
    retry_after_s = 2
