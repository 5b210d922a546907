"""The sandbox's refusals, in three formats: WeChat Pay, mini program and control calls."""

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
        """Return the JSON envelope."""
        envelope = {"code": self.code, "message": self.message}
        return envelope if self.detail is None else {**envelope, "detail": self.detail}


class MiniRefusal(Exception):  # noqa: N818  (it is an answer, not an error of ours)
    """The mini-program API's `{errcode, errmsg}`, always with HTTP 200."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        """`errmsg` comes without the trailing rid, which the gate adds."""
        super().__init__(f"{errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


class ControlError(Exception):
    """A control call that cannot be done: an HTTP status and a sentence for the developer."""

    def __init__(self, status: int, message: str) -> None:
        """`status` is 404 (not found), 409 (wrong state) or 400 (bad request)."""
        super().__init__(message)
        self.status = status
        self.message = message


def param_error(
    pointer: str, issue: str, *, value: Any = None, location: str = "body", errno: int = PARAM_ERRNO
) -> PayError:
    """Return a 400 PARAM_ERROR at a JSON pointer (`/amount/total`)."""
    return PayError(
        400,
        "PARAM_ERROR",
        f"输入源“/{location}{pointer}”参数错误：{issue}",
        errno=errno,
        detail={"field": pointer, "value": value, "issue": issue, "location": location},
    )


def shape_error(error: msgspec.ValidationError) -> PayError:
    """Return WeChat Pay's error for a body that does not fit its declared type."""
    issue, _, place = str(error).partition(" - at `$")
    pointer = place.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
    unknown = "unknown field" in issue
    return param_error(pointer, issue, errno=UNKNOWN_PARAMETER_ERRNO if unknown else PARAM_ERRNO)
