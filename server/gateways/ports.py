"""What the house needs from outside, as plain typed ports; `Deps` is the bundle that the floors are handed.

Amounts are integer fen, times are aware datetimes. A call that may have taken effect without our knowing
raises `OutcomeUnknown`: ask again by the same number, never act anew under another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import redis.asyncio as aioredis

from server.core.clock import Clock
from server.rules.bills import Bill


class WeChatError(Exception):
    """WeChat refused a call: `code` is its own (`ORDER_NOT_EXIST`, `43101`), `message` is for operators only."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class OutcomeUnknown(Exception):  # noqa: N818 - it is a state of knowledge, not an error of ours
    """No trustworthy answer: transport failure, timeout, 5xx, 429, or an answer whose signature does not verify."""


class NoticeRejected(Exception):  # noqa: N818 - the other side's fault, answered 401
    """A callback that must not be believed: signature, serial, freshness or shape. `reason` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Prepay:
    """One JSAPI prepay. Identical values may be sent again while unpaid; other values under the number are refused."""

    out_trade_no: str
    description: str
    amount_fen: int
    openid: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PayParameters:
    """What `wx.requestPayment` takes; field names are WeChat's."""

    timeStamp: str  # noqa: N815 - WeChat's name
    nonceStr: str  # noqa: N815 - WeChat's name
    package: str
    signType: str  # noqa: N815 - WeChat's name
    paySign: str  # noqa: N815 - WeChat's name


TradeState = Literal["SUCCESS", "REFUND", "NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR"]


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """What WeChat says of one transaction, from a notice or a query. It is judged later, by the rules."""

    appid: str
    mchid: str
    out_trade_no: str
    transaction_id: str
    """Empty while unpaid."""
    trade_state: str
    """A `TradeState`; kept as text because WeChat may add one."""
    amount_fen: int
    currency: str
    payer_openid: str
    success_time: datetime | None


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """One refund of a transaction to the payer. Repeating the same `refund_no` never refunds twice."""

    refund_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int
    """What the transaction had paid."""
    reason: str


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """What WeChat says of one refund, from the answer, a query or a notice."""

    mchid: str
    """Empty in answers and queries, which do not carry it."""
    refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    status: str
    """`SUCCESS`, `CLOSED`, `PROCESSING` or `ABNORMAL`."""
    amount_fen: int
    success_time: datetime | None
    created_at: datetime | None = None
    """When WeChat accepted it; None in notices, which do not carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequest:
    """One transfer to a member who must confirm it. Repeating the same values under the number never pays twice."""

    out_bill_no: str
    openid: str
    amount_fen: int
    remark: str
    """What the member reads; at most 32 characters."""
    scene_id: str
    """As the merchant's console has it, with the rows of its report."""
    reports: Mapping[str, str]
    real_name: str | None = field(repr=False)
    """Needed from 2000 yuan, not taken below 0.3 yuan; WeChat then compares it with the receiver's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferNotice:
    """What WeChat says of one transfer, from an answer, a query or a notice. It is judged later, by the rules."""

    out_bill_no: str
    transfer_bill_no: str
    state: str
    """`ACCEPTED`, `PROCESSING`, `WAIT_USER_CONFIRM`, `TRANSFERING`, `SUCCESS`, `FAIL`, `CANCELING`, `CANCELLED`."""
    fail_reason: str = ""
    package_info: str = ""
    """For `wx.requestMerchantTransfer`: only in the answer to `transfer`, while the member must confirm."""
    mchid: str = ""
    """Empty, like what follows, in answers that do not carry it."""
    openid: str = ""
    amount_fen: int | None = None
    updated_at: datetime | None = None
    """When it came to this state."""


class Pay(Protocol):
    """WeChat Pay for one merchant."""

    async def prepay(self, request: Prepay) -> str:
        """The `prepay_id`. Raises WeChatError (refused) or OutcomeUnknown."""
        ...

    def pay_parameters(self, prepay_id: str) -> PayParameters:
        """Signed parameters for `wx.requestPayment`."""
        ...

    async def query(self, out_trade_no: str) -> PaymentNotice | None:
        """The transaction as WeChat has it; None when it knows no such number. Raises WeChatError, OutcomeUnknown."""
        ...

    async def close(self, out_trade_no: str) -> bool:
        """True when the number can no longer be paid (closed, or never known); False when it is paid: then query.

        Raises WeChatError, OutcomeUnknown.
        """
        ...

    async def refund(self, request: RefundRequest) -> RefundNotice:
        """Accepts the refund (usually `PROCESSING`). Raises WeChatError (`NOT_ENOUGH`, …) or OutcomeUnknown."""
        ...

    async def query_refund(self, refund_no: str) -> RefundNotice | None:
        """The refund as WeChat has it; None when unknown there. Raises WeChatError, OutcomeUnknown."""
        ...

    async def transfer(self, request: TransferRequest) -> TransferNotice:
        """Opens a transfer, or says how the one under this number stands. Raises WeChatError or OutcomeUnknown."""
        ...

    async def query_transfer(self, out_bill_no: str) -> TransferNotice | None:
        """The transfer as WeChat has it; None when unknown there, or older than 30 days.

        Raises WeChatError, OutcomeUnknown.
        """
        ...

    async def cancel_transfer(self, out_bill_no: str) -> TransferNotice | None:
        """Asks to take back what is not confirmed yet; only a query says what came of it. None when unknown there.

        Raises WeChatError (too late), OutcomeUnknown.
        """
        ...

    async def bill(self, kind: Bill, day: date, into: BinaryIO) -> None:
        """A day's bill (China's calendar) into a file: WeChat's CSV in UTF-8, its hash checked; or nothing.

        Raises the refusal BillNotReady, WeChatError, OutcomeUnknown: what was written by then is worth nothing.
        """
        ...

    def parse_payment_notice(self, headers: Mapping[str, str], body: bytes) -> PaymentNotice:
        """Verify, check freshness (±5 min) and decrypt a payment callback. Raises NoticeRejected."""
        ...

    def parse_refund_notice(self, headers: Mapping[str, str], body: bytes) -> RefundNotice:
        """The same for a refund callback. Raises NoticeRejected."""
        ...

    def parse_transfer_notice(self, headers: Mapping[str, str], body: bytes) -> TransferNotice:
        """The same for the end of a transfer. Raises NoticeRejected."""
        ...


@dataclass(frozen=True, slots=True)
class WeChatLogin:
    """Who `wx.login`'s code belongs to. The session key is a secret of the server."""

    openid: str
    session_key: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """How an order was sent, for WeChat's shipping record. Virtual goods have no company and number."""

    transaction_id: str
    openid: str
    item_desc: str
    virtual: bool
    company: str
    tracking_no: str
    receiver_phone: str
    """Masked to the last four digits by the gateway; may be empty."""


class Mini(Protocol):
    """The mini-program server API of one appid. Every call raises WeChatError (refused) or OutcomeUnknown."""

    async def login(self, code: str) -> WeChatLogin:
        """Exchange a `wx.login` code. WeChatError `40029` is a bad or used code, `40226` a blocked user."""
        ...

    async def phone(self, code: str) -> str:
        """The phone number behind a `getPhoneNumber` code, digits only, without country code for +86."""
        ...

    async def send_message(self, openid: str, template_id: str, page: str, values: Mapping[str, str]) -> None:
        """Send one subscription message; values that break the field limits of their key's type are cut to fit first.

        WeChatError `43101`: the member has no authorisation left.
        """
        ...

    async def upload_shipping(self, parcel: Parcel) -> None:
        """Record a shipment; an unchanged record (`10060023`) and an already shipped one (`10060002`) are success."""
        ...

    async def code_image(self, scene: str, page: str) -> bytes:
        """A mini-program code (JPEG or PNG bytes). `scene` is at most 32 visible characters."""
        ...

    async def open_link(self, path: str, query: str, days: int) -> str:
        """A link that opens a page from outside WeChat for so many days (at most 30); `query` is without `?`.

        WeChatError `40165` and `40212` are a page or a query that it does not take, `44990` and `44993` its quotas.
        """
        ...

    def group_id(self, session_key: str, encrypted_data: str, iv: str) -> str | None:
        """The group's id out of `wx.getGroupEnterInfo`; None when it cannot be decrypted or is another app's."""
        ...


class Cipher(Protocol):
    """Encrypts single fields; what they belong to is bound in, so a value moved to another column does not decrypt."""

    def seal(self, text: str, column: str) -> str:
        """Ciphertext as text, with the key's id in it. `column` is `table.column`."""
        ...

    def open(self, sealed: str, column: str) -> str:
        """The text again. Raises ValueError when the key is unknown or the value was changed or moved."""
        ...

    def blind(self, text: str, column: str) -> str:
        """A keyed digest for equality search (hex, 64 characters)."""
        ...


class PushEvent(Protocol):
    """One message WeChat pushed: `event` is its name, `openid` whom it is about, `fields` all of it.

    `items` are the parts of those that carry a list, `key` is the same for every delivery of the same event.
    """

    @property
    def event(self) -> str: ...  # noqa: D102 - named by the class
    @property
    def openid(self) -> str: ...  # noqa: D102 - named by the class
    @property
    def fields(self) -> Mapping[str, object]: ...  # noqa: D102 - named by the class
    @property
    def items(self) -> Sequence[Mapping[str, object]]: ...  # noqa: D102 - named by the class
    @property
    def key(self) -> str: ...  # noqa: D102 - named by the class


class Push(Protocol):
    """The mini program's message push."""

    def verify_url(self, query: Mapping[str, str]) -> bool:
        """Whether a URL check carries our token's signature."""
        ...

    def open_event(self, query: Mapping[str, str], body: bytes) -> PushEvent:
        """Verify and decrypt a pushed event, plain or safe mode. Raises NoticeRejected."""
        ...


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts that services and jobs are handed; `wiring.build_deps` makes it, tests make their own."""

    clock: Clock
    redis: "aioredis.Redis"
    pay: Pay
    mini: Mini
    push: Push
    cipher: Cipher
    appid: str
    mchid: str
    public_base_url: str
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    """Peers whose `X-Forwarded-For` is believed."""
    sandbox_control_url: str
    """Where the sandbox takes orders in development; empty in production."""
    media_dir: Path | None
    """Where pictures that the shop makes itself are kept, to be served at `/media/`; None without such a place."""
    h5_dir: Path | None
    """What was built of the H5 shop, served at `/h5/`; None without such a place."""
