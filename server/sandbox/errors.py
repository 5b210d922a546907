"""How the sandbox refuses, in the three languages it speaks."""

from typing import Any

import msgspec

UNKNOWN_PARAMETER_ERRNO = 270924358
SIGN_ERRNO = 268443699
PARAM_ERRNO = 268441616


class PayError(Exception):
    """WeChat Pay's `{code, message, detail?}` with its HTTP status; `errno` ends the Request-ID header."""

    def __init__(self, status: int, code: str, message: str, *, errno: int = 268435456, detail: Any = None) -> None:
        """`detail` is `{field, value, issue, location}` in WeChat's words, or None."""
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errno = errno
        self.detail = detail

    def body(self) -> dict[str, Any]:
        """The JSON envelope."""
        envelope = {"code": self.code, "message": self.message}
        return envelope if self.detail is None else {**envelope, "detail": self.detail}


class MiniRefusal(Exception):  # noqa: N818  (not an error of ours: an answer)
    """The mini-program API's `{errcode, errmsg}`, always with HTTP 200."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        """`errmsg` without the trailing rid, which the gate adds."""
        super().__init__(f"{errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


class ControlError(Exception):
    """A control call that cannot be done: HTTP status and a sentence for the developer."""

    def __init__(self, status: int, message: str) -> None:
        """404 not there, 409 wrong state, 400 bad request."""
        super().__init__(message)
        self.status = status
        self.message = message


def param_error(
    pointer: str, issue: str, *, value: Any = None, location: str = "body", errno: int = PARAM_ERRNO
) -> PayError:
    """400 PARAM_ERROR at a JSON pointer (`/amount/total`)."""
    return PayError(
        400,
        "PARAM_ERROR",
        f"输入源“/{location}{pointer}”参数错误：{issue}",
        errno=errno,
        detail={"field": pointer, "value": value, "issue": issue, "location": location},
    )


def shape_error(error: msgspec.ValidationError) -> PayError:
    """A body that does not fit its declared shape, as WeChat Pay reports it."""
    issue, _, place = str(error).partition(" - at `$")
    pointer = place.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
    unknown = "unknown field" in issue
    return param_error(pointer, issue, errno=UNKNOWN_PARAMETER_ERRNO if unknown else PARAM_ERRNO)
