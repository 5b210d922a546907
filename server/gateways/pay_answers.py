"""What comes of a call to WeChat Pay: an answer that can be believed, a refusal, or knowing nothing."""

import re
from collections.abc import Awaitable
from typing import TypeVar

import httpx
import msgspec

from server.gateways.pay_shapes import REFUSAL
from server.gateways.ports import NoticeRejected, OutcomeUnknown, WeChatError

_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_OUR_FAULT_CODES = frozenset({"MCH_NOT_EXISTS"})
"""Answered with 404 although the number is not what is missing."""

_T = TypeVar("_T")


async def outcome(call: Awaitable[tuple[int, str | bytes]]) -> tuple[int, str | bytes]:
    """Status and body of a 2xx answer whose signature verified; everything else is raised as the port says."""
    try:
        status, body = await call
    except Exception as error:  # the library raises that after WeChat may have acted
        msg = f"{type(error).__name__}: {error}"
        raise OutcomeUnknown(msg) from error
    taken(status, body)
    return status, body


def taken(status: int, body: str | bytes) -> None:
    """Nothing for a 2xx; a refusal in WeChat's form is a WeChatError, everything else OutcomeUnknown."""
    if httpx.codes.is_success(status):
        return
    if not httpx.codes.is_client_error(status) or status == httpx.codes.TOO_MANY_REQUESTS:
        msg = f"HTTP {status}"
        raise OutcomeUnknown(msg)
    refusal = believed(REFUSAL, body)  # a 4xx that is not in WeChat's form came from something in between
    raise WeChatError(refusal.code, refusal.message, status)


def checked(number: str) -> str:
    """The number, if it can stand in a path unescaped: the library signs the raw path and httpx sends the escaped."""
    if not _NUMBER.fullmatch(number):
        msg = f"not a number that WeChat can be asked about: {number!r}"
        raise ValueError(msg)
    return number


def says_unknown(refused: WeChatError) -> bool:
    """Whether WeChat refused because it knows no such number."""
    return refused.status == httpx.codes.NOT_FOUND and refused.code not in _OUR_FAULT_CODES


def believed(decoder: msgspec.json.Decoder[_T], body: str | bytes) -> _T:
    """An answer by its shape. Raises OutcomeUnknown for any other: something acted, and we cannot read what."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"an answer in no known form: {error}"
        raise OutcomeUnknown(msg) from error


def shaped(decoder: msgspec.json.Decoder[_T], body: str | bytes) -> _T:
    """A notice by its shape. Raises NoticeRejected."""
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        reason = "shape"
        raise NoticeRejected(reason) from error


def same(answered: str, asked: str) -> None:
    """A signed answer does not say what it answers; at least its number must be the one asked about."""
    if answered != asked:
        msg = f"asked about {asked}, answered about {answered}"
        raise OutcomeUnknown(msg)
