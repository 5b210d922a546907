"""Fetch WeChat Pay's bills: ask for the link, stream the bill to a file and check its hash.

The library would keep a whole bill in memory. The download is not signed. Only the hash from the signed answer proves
that the file is right. WeChat does not document whether the hash is of the packed or the plain file, so both are
accepted.
"""

import hashlib
import zlib
from collections.abc import Awaitable
from datetime import date
from typing import Any, BinaryIO

import httpx
from wechatpayv3.async_.utils import build_authorization

from server.core.errors import BillNotReady
from server.gateways.pay_answers import believed, outcome, taken
from server.gateways.pay_shapes import BILL_LINK
from server.gateways.ports import OutcomeUnknown, WeChatError
from server.rules.bills import Bill

_CHUNK_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_EMPTY_CODES = frozenset({"NO_STATEMENT_EXIST"})
_EARLY_CODES = frozenset({"STATEMENT_CREATING"})
_REFUSED_DAY_CODES = frozenset({"INVALID_REQUEST"})


async def fetch(library: Any, http: httpx.AsyncClient, kind: Bill, day: date, today: date, into: BinaryIO) -> None:  # noqa: ANN401 - the library has no types
    """See `Pay.bill`. `today` is the current day in China: for its bill WeChat answers as for any wrong date."""
    try:
        _, body = await outcome(_asked(library, kind, day))
    except WeChatError as refused:
        if refused.code in _EMPTY_CODES:
            return
        if refused.code in _EARLY_CODES or (refused.code in _REFUSED_DAY_CODES and day >= today):
            raise BillNotReady(day=day.isoformat()) from refused
        raise
    link = believed(BILL_LINK, body)
    try:
        hashes = await _stream(library, http, httpx.URL(link.download_url), into)
    except (httpx.HTTPError, httpx.InvalidURL, zlib.error) as error:
        raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error
    if link.hash_value.lower() not in hashes:
        raise OutcomeUnknown(f"the {kind} bill of {day} is not what its hash says")


def _asked(library: Any, kind: Bill, day: date) -> Awaitable[tuple[int, str | bytes]]:  # noqa: ANN401 - no types
    asked: Awaitable[tuple[int, str | bytes]]
    if kind is Bill.FUND:
        asked = library.fundflow_bill(bill_date=day.isoformat())
    else:
        asked = library.trade_bill(bill_date=day.isoformat(), bill_type="SUCCESS" if kind is Bill.TRADE else "REFUND")
    return asked


async def _stream(library: Any, http: httpx.AsyncClient, url: httpx.URL, into: BinaryIO) -> tuple[str, str]:  # noqa: ANN401 - no types
    """Download and unpack the file of the link; return the SHA-1 of the packed and of the plain bytes."""
    core = library._core  # noqa: SLF001 - its keys; see the head of wechat_pay.py
    target = url.raw_path.decode("ascii")  # exactly as sent over the wire, because that is what must be signed
    signed = build_authorization(target, "GET", core._mchid, core._cert_serial_no, core._private_key)  # noqa: SLF001
    # The file is already gzip; `identity` keeps proxies from compressing it again.
    headers = {"Authorization": signed, "Accept": "*/*", "Accept-Encoding": "identity"}
    packed, plain = hashlib.sha1(usedforsecurity=False), hashlib.sha1(usedforsecurity=False)
    unpacker = zlib.decompressobj(_GZIP)
    async with http.stream("GET", url, headers=headers) as answer:
        if not answer.is_success:
            taken(answer.status_code, await answer.aread())
        async for chunk in answer.aiter_raw(_CHUNK_BYTES):
            text = unpacker.decompress(chunk)
            packed.update(chunk)
            plain.update(text)
            into.write(text)
    return packed.hexdigest(), plain.hexdigest()
