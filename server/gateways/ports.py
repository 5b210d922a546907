"""Typed ports for everything outside the application. `Deps` bundles them for services and jobs.

Amounts are integer fen, times are aware datetimes. A call that may have taken effect without our knowing raises
`OutcomeUnknown`: ask again with the same number, never repeat the action with another number.
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
from server.rules.shipping import Way


class WeChatError(Exception):
    """WeChat refused a call. `code` is WeChat's (`ORDER_NOT_EXIST`, `43101`), `message` is for operators only."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class OutcomeUnknown(Exception):  # noqa: N818 - it is a state of knowledge, not an error of ours
    """No trustworthy answer: transport failure, timeout, 5xx, 429, or an answer whose signature does not verify."""


class NoticeRejected(Exception):  # noqa: N818 - the other side's fault, answered 401
    """A callback that must not be trusted: wrong signature, serial, freshness or shape. `reason` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Prepay:
    """One JSAPI prepay. The same values may be sent again while unpaid; other values under the number are refused."""

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
    """What WeChat says about one transaction, from a notice or a query. The rules judge it later."""

    appid: str
    mchid: str
    out_trade_no: str
    transaction_id: str
    """Empty while unpaid."""
    trade_state: str
    """A `TradeState`; kept as text because WeChat may add more."""
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
    """The amount paid in the transaction."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCard:
    """A bank card of the payer. It is passed on to WeChat, encrypted, and kept nowhere."""

    bank_type: str
    """WeChat's code for the bank, as `ICBC_DEBIT`."""
    account: str = field(repr=False)
    real_name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """What WeChat says about one refund, from an answer, a query or a notice."""

    mchid: str
    """Empty in answers and queries, which do not contain it."""
    refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    status: str
    """`SUCCESS`, `CLOSED`, `PROCESSING` or `ABNORMAL`."""
    amount_fen: int
    success_time: datetime | None
    created_at: datetime | None = None
    """When WeChat accepted the refund; None in notices, which do not contain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequest:
    """One transfer to a member who must confirm it. Repeating the same values under the number never pays twice."""

    out_bill_no: str
    openid: str
    amount_fen: int
    remark: str
    """Shown to the member; at most 32 characters."""
    scene_id: str
    """The scene from the merchant's console; its report rows are sent along."""
    reports: Mapping[str, str]
    real_name: str | None = field(repr=False)
    """Required from 2000 yuan, not accepted below 0.3 yuan. WeChat compares it with the receiver's real name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferNotice:
    """What WeChat says about one transfer, from an answer, a query or a notice. The rules judge it later."""

    out_bill_no: str
    transfer_bill_no: str
    state: str
    """`ACCEPTED`, `PROCESSING`, `WAIT_USER_CONFIRM`, `TRANSFERING`, `SUCCESS`, `FAIL`, `CANCELING`, `CANCELLED`."""
    fail_reason: str = ""
    package_info: str = ""
    """For `wx.requestMerchantTransfer`. Only in the answer to `transfer`, while the member must confirm."""
    mchid: str = ""
    """This and the fields below are empty in answers that do not contain them."""
    openid: str = ""
    amount_fen: int | None = None
    updated_at: datetime | None = None
    """When the transfer reached this state."""


class Pay(Protocol):
    """WeChat Pay for one merchant."""

    async def prepay(self, request: Prepay) -> str:
        """Return the `prepay_id`. Raises WeChatError (refused) or OutcomeUnknown."""
        ...

    def pay_parameters(self, prepay_id: str) -> PayParameters:
        """Return signed parameters for `wx.requestPayment`."""
        ...

    async def query(self, out_trade_no: str) -> PaymentNotice | None:
        """Return WeChat's transaction; None when WeChat has no such number. Raises WeChatError, OutcomeUnknown."""
        ...

    async def close(self, out_trade_no: str) -> bool:
        """Close a payment; True when the number can no longer be paid (closed, or never known).

        False means it is already paid: call `query` then. Raises WeChatError, OutcomeUnknown.
        """
        ...

    async def refund(self, request: RefundRequest) -> RefundNotice:
        """Ask for a refund; usually it is `PROCESSING` then. Raises WeChatError (`NOT_ENOUGH`, …), OutcomeUnknown."""
        ...

    async def query_refund(self, refund_no: str) -> RefundNotice | None:
        """Return WeChat's refund; None when WeChat does not know it. Raises WeChatError, OutcomeUnknown."""
        ...

    async def redirect_refund(self, refund_id: str, refund_no: str, card: BankCard | None) -> RefundNotice:
        """Send an `ABNORMAL` refund to a card of the payer, or without a card to the merchant's own account.

        Raises WeChatError (not abnormal, or the card does not fit), OutcomeUnknown.
        """
        ...

    async def transfer(self, request: TransferRequest) -> TransferNotice:
        """Open a transfer, or return the state of the one with this number. Raises WeChatError or OutcomeUnknown."""
        ...

    async def query_transfer(self, out_bill_no: str) -> TransferNotice | None:
        """Return WeChat's transfer; None when WeChat does not know it, or it is older than 30 days.

        Raises WeChatError, OutcomeUnknown.
        """
        ...

    async def cancel_transfer(self, out_bill_no: str) -> TransferNotice | None:
        """Ask to cancel a transfer that is not confirmed yet; only a query tells the result.

        Returns None when WeChat does not know the transfer. Raises WeChatError (too late), OutcomeUnknown.
        """
        ...

    async def bill(self, kind: Bill, day: date, into: BinaryIO) -> None:
        """Write a day's bill (China's calendar) to a file: WeChat's CSV in UTF-8, with its hash checked.

        Writes nothing when the day has no bill. Raises the refusal BillNotReady, WeChatError, OutcomeUnknown; whatever
        was written until then must not be used.
        """
        ...

    def parse_payment_notice(self, headers: Mapping[str, str], body: bytes) -> PaymentNotice:
        """Verify, check freshness (±5 min) and decrypt a payment callback. Raises NoticeRejected."""
        ...

    def parse_refund_notice(self, headers: Mapping[str, str], body: bytes) -> RefundNotice:
        """Do the same for a refund callback. Raises NoticeRejected."""
        ...

    def parse_transfer_notice(self, headers: Mapping[str, str], body: bytes) -> TransferNotice:
        """Do the same for the callback at the end of a transfer. Raises NoticeRejected."""
        ...


@dataclass(frozen=True, slots=True)
class WeChatLogin:
    """The user who owns a code of `wx.login`. The session key must stay on the server."""

    openid: str
    session_key: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """How an order was sent, for WeChat's shipping record. Only express has a company and a tracking number."""

    transaction_id: str
    openid: str
    item_desc: str
    way: Way
    company: str
    tracking_no: str
    receiver_phone: str
    """Masked to the last four digits by the gateway; may be empty."""
    corrects: bool = False
    """Whether it replaces an earlier record; WeChat takes one such correction."""


class Mini(Protocol):
    """The mini-program server API of one appid. Every call raises WeChatError (refused) or OutcomeUnknown."""

    async def login(self, code: str) -> WeChatLogin:
        """Exchange a `wx.login` code. WeChatError `40029`: the code is wrong or used; `40226`: the user is blocked."""
        ...

    async def phone(self, code: str) -> str:
        """Return the phone number of a `getPhoneNumber` code, digits only, without the country code for +86."""
        ...

    async def send_message(self, openid: str, template_id: str, page: str, values: Mapping[str, str]) -> None:
        """Send one subscription message; values beyond the limits of their key's type are cut to fit.

        WeChatError `43101`: the member has no authorisation left.
        """
        ...

    async def upload_shipping(self, parcel: Parcel) -> None:
        """Record a shipment. An unchanged record (`10060023`) counts as success.

        So does an earlier shipment (`10060002`), unless this one corrects it. WeChatError `10060001`: the payment is
        not known yet; `10060003`: the one correction is used; `10060004`: refunded, or received.
        """
        ...

    async def code_image(self, scene: str, page: str) -> bytes:
        """Return a mini-program code (JPEG or PNG bytes). `scene` is at most 32 visible characters."""
        ...

    async def open_link(self, path: str, query: str, days: int) -> str:
        """Return a link that opens a page from outside WeChat for `days` days (at most 30); `query` is without `?`.

        WeChatError `40165`, `40212`: WeChat does not accept the page or the query; `44990`, `44993`: a quota is used
        up.
        """
        ...

    def group_id(self, session_key: str, encrypted_data: str, iv: str) -> str | None:
        """Return the group id from `wx.getGroupEnterInfo`; None when it does not decrypt or is another app's."""
        ...


class Cipher(Protocol):
    """Encrypts single fields and binds each to its column, so a value moved to another column does not decrypt."""

    def fingerprints(self) -> Sequence[str]:
        """Return a digest of each key (hex, 64 characters), the oldest first. It says nothing about the key."""
        ...

    def seal(self, text: str, column: str) -> str:
        """Return the ciphertext as text, with the key's id in it. `column` is `table.column`."""
        ...

    def open(self, sealed: str, column: str) -> str:
        """Return the plain text. Raises ValueError when the key is unknown or the value was changed or moved."""
        ...

    def blind(self, text: str, column: str) -> str:
        """Return a keyed digest for equality search (hex, 64 characters)."""
        ...


class PushEvent(Protocol):
    """One message that WeChat pushed. `event` is its name, `openid` the user it is about, `fields` the whole message.

    `items` are the entries of events with a list; `key` is the same for every delivery of the same event.
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

    def open_event(self, query: Mapping[str, str], body: bytes) -> PushEvent | None:
        """Verify and decrypt a push, plain or safe mode; None if it is no event. Raises NoticeRejected."""
        ...


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything that services and jobs get passed in. `wiring.build_deps` makes it; tests make their own."""

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
    """The peers whose `X-Forwarded-For` is trusted."""
    metrics_token: str = field(repr=False)
    """The bearer token that `/metrics` needs; empty: only the machine itself may read it."""
    sandbox_control_url: str
    """The address of the sandbox's control calls in development; empty in production."""
    media_dir: Path | None
    """The directory of pictures that the shop makes itself, served at `/media/`; None when there is none."""
    h5_dir: Path | None
    """The built H5 shop, served at `/h5/`; None when there is none."""
    operator_limits: bool
    """Whether acts of operators above their limits wait for a second operator."""
