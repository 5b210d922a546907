"""WeChat Pay APIv3 behind the port `Pay`. This file hides everything odd about the `wechatpayv3` library.

What is odd in 2.0.4, which is pinned, and what is done about it:

- It has no setting for its base address, so `_core._gate_way` is set. Its own HTTP client obeys proxy variables even
  for loopback, always waits 10 s to connect, and leaks when entered twice, so `_core._client` is replaced by ours.
- It answers `(status, text)` and raises bare `Exception`, also *after* WeChat has acted (an answer whose signature does
  not verify). Every such end becomes `OutcomeUnknown` (pay_answers.py).
- Its callback check ignores the time stamp and prefers Django-style `HTTP_WECHATPAY_*` headers to the real ones. It
  gets exactly the five headers that were checked here.
- It puts numbers into paths unescaped, so numbers are checked first (pay_answers.py).
- When cancelling a transfer it sends a body that it did not sign, so that request is built here. When opening one it
  drops a name that WeChat would refuse and raises when a name is missing, so both are refused here before.
- It keeps a whole bill in memory and accepts whatever the link returns, so bills are fetched in pay_bills.py.
- With a logger it logs signing data, openids and decrypted callbacks, so it gets no logger.
"""

import secrets
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, TypeVar

import httpx
import msgspec
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType
from wechatpayv3.async_.type import RequestType

from server.core.clock import SHANGHAI, Clock, shanghai_day
from server.gateways import pay_bills
from server.gateways.keys import private_key_pem, public_key_pem
from server.gateways.pay_answers import believed, checked, outcome, same, says_unknown, shaped
from server.gateways.pay_shapes import (
    ENVELOPE,
    PREPAY_ANSWER,
    REFUND_ANSWER,
    REFUND_NEWS,
    TRANSACTION,
    TRANSFER,
    WHOLE_TRANSFER,
    Envelope,
    Transfer,
    payment_notice,
    refund_notice,
    transfer_notice,
)
from server.gateways.ports import (
    BankCard,
    NoticeRejected,
    OutcomeUnknown,
    PaymentNotice,
    PayParameters,
    Prepay,
    RefundNotice,
    RefundRequest,
    TransferNotice,
    TransferRequest,
    WeChatError,
)
from server.gateways.transport import client
from server.rules.bills import Bill

PAYMENT_NOTIFY_PATH = "/wechat/pay/notify"
REFUND_NOTIFY_PATH = "/wechat/refund/notify"
TRANSFER_NOTIFY_PATH = "/wechat/transfer/notify"
FRESH_S = 300
"""How far a notice's time stamp may differ from now, in seconds, either way (WeChat's own utility allows the same)."""
DESCRIPTION_CHARS_MAX = 127
REASON_CHARS_MAX = 80
NAMED_FROM_FEN = 200_000
"""From this amount on WeChat requires the receiver's name."""
NAMELESS_BELOW_FEN = 30
"""Below this amount WeChat accepts no name."""

_HEADERS = (
    "Wechatpay-Signature",
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
)
_PROBE = "WECHATPAY/SIGNTEST/"
_PAID_CODES = frozenset({"ORDER_PAID", "ORDERPAID"})
_GONE_CODES = frozenset({"ORDER_CLOSED", "ORDER_NOT_EXIST"})

_Told = TypeVar("_Told", bound=Transfer)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayConfig:
    """One merchant in public-key mode. Keys are PEM text; the base addresses have no trailing slash."""

    appid: str
    mchid: str
    mch_serial: str
    mch_private_key: str = field(repr=False)
    apiv3_key: str = field(repr=False)
    public_key: str
    public_key_id: str
    base_url: str
    public_base_url: str
    timeout_s: float


class WeChatPay:
    """The port `Pay` for one merchant, on one event loop: call `open()` and at the end `aclose()` on that loop.

    Notices and pay parameters do not need `open()`; all other calls do. A notice is fresh by `clock`, or by
    `wire_clock` when one is given: in development our clock can be advanced, while a simulated WeChat may stamp notices
    with the machine's time. Raises ValueError at once for keys that cannot be read.
    """

    def __init__(self, config: PayConfig, clock: Clock, wire_clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock
        self._clocks = (clock,) if wire_clock is None else (clock, wire_clock)
        self._library: Any = AsyncWeChatPay(
            WeChatPayType.MINIPROG,
            mchid=config.mchid,
            private_key=private_key_pem(config.mch_private_key),
            cert_serial_no=config.mch_serial,
            appid=config.appid,
            apiv3_key=config.apiv3_key,
            logger=None,
            public_key=public_key_pem(config.public_key),
            public_key_id=config.public_key_id,
        )
        self._library._core._gate_way = config.base_url  # noqa: SLF001 - see the head of this file
        self._http: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Create the connection pool on the running loop; no request is sent. Raises RuntimeError when already open."""
        if self._http is not None:
            msg = "WeChatPay is already open"
            raise RuntimeError(msg)
        self._http = client(self._config.base_url, self._config.timeout_s)
        self._library._core._client = self._http  # noqa: SLF001 - see the head of this file

    async def aclose(self) -> None:
        """Close the pool if it is open. It can be opened again, also on another loop."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def prepay(self, request: Prepay) -> str:
        """See the port. Raises ValueError for an empty description or a number outside `[0-9A-Za-z_-]`."""
        if not request.description:
            msg = "a payment needs a description"
            raise ValueError(msg)
        _, body = await outcome(
            self._opened().pay(
                description=request.description[:DESCRIPTION_CHARS_MAX],
                out_trade_no=checked(request.out_trade_no),
                amount={"total": request.amount_fen, "currency": "CNY"},
                payer={"openid": request.openid},
                time_expire=request.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                notify_url=self._config.public_base_url + PAYMENT_NOTIFY_PATH,
            ),
        )
        return believed(PREPAY_ANSWER, body).prepay_id

    def pay_parameters(self, prepay_id: str) -> PayParameters:
        """See the port."""
        stamp = str(int(self._clock.now().timestamp()))
        nonce = secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        signature: str = self._library.sign([self._config.appid, stamp, nonce, package])
        return PayParameters(timeStamp=stamp, nonceStr=nonce, package=package, signType="RSA", paySign=signature)

    async def query(self, out_trade_no: str) -> PaymentNotice | None:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        try:
            _, body = await outcome(self._opened().query(out_trade_no=checked(out_trade_no)))
        except WeChatError as refused:
            if says_unknown(refused):
                return None
            raise
        answer = believed(TRANSACTION, body)
        same(answer.out_trade_no, out_trade_no)
        return payment_notice(answer)

    async def close(self, out_trade_no: str) -> bool:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        try:
            status, _ = await outcome(self._opened().close(out_trade_no=checked(out_trade_no)))
        except WeChatError as refused:
            if refused.code in _PAID_CODES:
                return False
            if refused.code in _GONE_CODES:
                return True
            raise
        if status != httpx.codes.NO_CONTENT:
            msg = f"closing was answered with HTTP {status}"
            raise OutcomeUnknown(msg)
        return True

    async def refund(self, request: RefundRequest) -> RefundNotice:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        _, body = await outcome(
            self._opened().refund(
                out_refund_no=checked(request.refund_no),
                amount={"refund": request.amount_fen, "total": request.total_fen, "currency": "CNY"},
                transaction_id=checked(request.transaction_id),
                reason=request.reason[:REASON_CHARS_MAX],
                notify_url=self._config.public_base_url + REFUND_NOTIFY_PATH,
            ),
        )
        return _refunded(body, request.refund_no)

    async def query_refund(self, refund_no: str) -> RefundNotice | None:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        try:
            _, body = await outcome(self._opened().query_refund(out_refund_no=checked(refund_no)))
        except WeChatError as refused:
            if says_unknown(refused):
                return None
            raise
        return _refunded(body, refund_no)

    async def redirect_refund(self, refund_id: str, refund_no: str, card: BankCard | None) -> RefundNotice:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        _, body = await outcome(
            self._opened().abnormal_refund(
                refund_id=checked(refund_id),
                out_refund_no=checked(refund_no),
                type="USER_BANK_CARD" if card else "MERCHANT_BANK_CARD",
                bank_type=card.bank_type if card else None,
                bank_account=card.account if card else None,
                real_name=card.real_name if card else None,
            ),
        )
        return _refunded(body, refund_no)

    async def transfer(self, request: TransferRequest) -> TransferNotice:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`, a missing name or an unwanted one."""
        missing = request.real_name is None and request.amount_fen >= NAMED_FROM_FEN
        if missing or (request.real_name is not None and request.amount_fen < NAMELESS_BELOW_FEN):
            msg = f"a transfer of {request.amount_fen} fen {'needs' if missing else 'takes no'} name"
            raise ValueError(msg)
        _, body = await outcome(
            self._opened().mch_transfer_bills(
                out_bill_no=checked(request.out_bill_no),
                transfer_scene_id=request.scene_id,
                openid=request.openid,
                transfer_amount=request.amount_fen,
                transfer_remark=request.remark,
                user_name=request.real_name,
                transfer_scene_report_infos=[
                    {"info_type": name, "info_content": text} for name, text in request.reports.items()
                ],
                notify_url=self._config.public_base_url + TRANSFER_NOTIFY_PATH,
            ),
        )
        answer = believed(TRANSFER, body)
        same(answer.out_bill_no, request.out_bill_no)
        return transfer_notice(answer)

    async def query_transfer(self, out_bill_no: str) -> TransferNotice | None:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        call = self._opened().mch_transfer_bills_query(out_bill_no=checked(out_bill_no))
        return await self._known_transfer(call, out_bill_no, WHOLE_TRANSFER)

    async def cancel_transfer(self, out_bill_no: str) -> TransferNotice | None:
        """See the port. Raises ValueError for a number outside `[0-9A-Za-z_-]`."""
        path = f"/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{checked(out_bill_no)}/cancel"
        core = self._opened()._core  # noqa: SLF001 - see the head of this file
        call = core.request(path, method=RequestType.POST, data={}, sign_data="{}")
        return await self._known_transfer(call, out_bill_no, TRANSFER)

    async def _known_transfer(
        self, call: Awaitable[tuple[int, str | bytes]], out_bill_no: str, shape: msgspec.json.Decoder[_Told]
    ) -> TransferNotice | None:
        try:
            _, body = await outcome(call)
        except WeChatError as refused:
            if says_unknown(refused):
                return None
            raise
        answer = believed(shape, body)
        same(answer.out_bill_no, out_bill_no)
        return transfer_notice(answer)

    async def bill(self, kind: Bill, day: date, into: BinaryIO) -> None:
        """See the port."""
        library = self._opened()
        today = shanghai_day(self._clock.now())
        await pay_bills.fetch(library, library._core._client, kind, day, today, into)  # noqa: SLF001 - our own client

    def parse_payment_notice(self, headers: Mapping[str, str], body: bytes) -> PaymentNotice:
        """See the port. `headers` must be case-insensitive, or use WeChat's spelling (`Wechatpay-Nonce`)."""
        event, text = self._open_notice(headers, body)
        if event.event_type != "TRANSACTION.SUCCESS" or event.resource.original_type != "transaction":
            reason = "event"
            raise NoticeRejected(reason)
        return payment_notice(shaped(TRANSACTION, text))

    def parse_refund_notice(self, headers: Mapping[str, str], body: bytes) -> RefundNotice:
        """See the port. `headers` must be case-insensitive, or use WeChat's spelling (`Wechatpay-Nonce`)."""
        event, text = self._open_notice(headers, body)
        refund = shaped(REFUND_NEWS, text)
        if event.event_type != f"REFUND.{refund.refund_status}" or event.resource.original_type != "refund":
            reason = "event"
            raise NoticeRejected(reason)
        return refund_notice(refund, refund.refund_status)

    def parse_transfer_notice(self, headers: Mapping[str, str], body: bytes) -> TransferNotice:
        """See the port. `headers` must be case-insensitive, or use WeChat's spelling (`Wechatpay-Nonce`)."""
        event, text = self._open_notice(headers, body)
        if event.event_type != "MCHTRANSFER.BILL.FINISHED" or event.resource.original_type != "mch_payment":
            reason = "event"
            raise NoticeRejected(reason)
        return transfer_notice(shaped(WHOLE_TRANSFER, text))

    def _opened(self) -> Any:  # noqa: ANN401 - the library has no types
        if self._http is None:
            msg = "WeChatPay is not open"
            raise RuntimeError(msg)
        return self._library

    def _open_notice(self, headers: Mapping[str, str], body: bytes) -> tuple[Envelope, str]:
        """Return a notice's envelope and decrypted text. Cheap checks come first, because anyone can call this."""
        judged = {name: headers.get(name, "") for name in _HEADERS}
        reason = self._fault(judged)
        if reason:
            raise NoticeRejected(reason)
        try:
            text: str | None = self._library.decrypt_callback(judged, body)
        except Exception as error:  # the library raises bare Exception, and various ValueErrors
            reason = "malformed"
            raise NoticeRejected(reason) from error
        if not text:
            reason = "signature"
            raise NoticeRejected(reason)
        return shaped(ENVELOPE, body), text

    def _fault(self, judged: Mapping[str, str]) -> str | None:
        if judged["Wechatpay-Signature"].startswith(_PROBE):
            return "probe"
        if judged["Wechatpay-Serial"] != self._config.public_key_id:
            return "serial"
        try:
            stamp = int(judged["Wechatpay-Timestamp"])
        except ValueError:
            return "timestamp"
        ages_s = [abs(int(clock.now().timestamp()) - stamp) for clock in self._clocks]
        return "stale" if min(ages_s) > FRESH_S else None


def _refunded(body: str | bytes, refund_no: str) -> RefundNotice:
    answer = believed(REFUND_ANSWER, body)
    same(answer.out_refund_no, refund_no)
    return refund_notice(answer, answer.status)
