"""The result of a call to WeChat Pay: a verified answer, a refusal, or an unknown outcome."""

import re
from collections.abc import Awaitable
from typing import TypeVar

import httpx
import msgspec

from server.gateways.pay_shapes import REFUSAL
from server.gateways.ports import NoticeRejected, OutcomeUnknown, WeChatError

_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_OUR_FAULT_CODES = frozenset({"MCH_NOT_EXISTS"})
"""Codes that WeChat sends with status 404 although they do not mean that the number is unknown."""

_T = TypeVar("_T")


async def outcome(call: Awaitable[tuple[int, str | bytes]]) -> tuple[int, str | bytes]:
    """Return status and body of a 2xx answer with a valid signature. Raises WeChatError or OutcomeUnknown."""
    try:
        status, body = await call
    except Exception as error:  # the library raises bare Exception, even after WeChat has acted
        msg = f"{type(error).__name__}: {error}"
        raise OutcomeUnknown(msg) from error
    taken(status, body)
    return status, body


def taken(status: int, body: str | bytes) -> None:
    """Accept a 2xx. Raises WeChatError for a refusal in WeChat's form, OutcomeUnknown for everything else."""
    if httpx.codes.is_success(status):
        return
    if not httpx.codes.is_client_error(status) or status == httpx.codes.TOO_MANY_REQUESTS:
        msg = f"HTTP {status}"
        raise OutcomeUnknown(msg)
    refusal = believed(REFUSAL, body)  # a 4xx in another form came from something in between, not from WeChat
    raise WeChatError(refusal.code, refusal.message, status)


def checked(number: str) -> str:
    """Return the number if it needs no escaping in a path. Raises ValueError for any other.

    The library signs the raw path, but httpx sends the escaped path.
    """
    if not _NUMBER.fullmatch(number):
        msg = f"not a number that WeChat can be asked about: {number!r}"
        raise ValueError(msg)
    return number


def says_unknown(refused: WeChatError) -> bool:
    """Whether WeChat refused because it does not know the number."""
    return refused.status == httpx.codes.NOT_FOUND and refused.code not in _OUR_FAULT_CODES


def believed(decoder: msgspec.json.Decoder[_T], body: str | bytes) -> _T:
    """Decode an answer. Raises OutcomeUnknown for any other form: something happened, and we cannot read what."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"an answer in no known form: {error}"
        raise OutcomeUnknown(msg) from error


def shaped(decoder: msgspec.json.Decoder[_T], body: str | bytes) -> _T:
    """Decode a notice. Raises NoticeRejected for an unknown form."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        reason = "shape"
        raise NoticeRejected(reason) from error


def same(answered: str, asked: str) -> None:
    """Check that an answer is about the number asked for: the signature does not cover which question it answers.

    Raises OutcomeUnknown when the numbers differ.
    """
    if answered != asked:
        msg = f"asked about {asked}, answered about {answered}"
        raise OutcomeUnknown(msg)
