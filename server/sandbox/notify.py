"""Notifications of WeChat Pay and pushed events: queue, sign, deliver, retry."""

import asyncio
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import httpx
import orjson

from server.sandbox import crypto
from server.sandbox.context import Sandbox, rfc3339
from server.sandbox.knobs import Operation
from server.sandbox.signing import signature_headers
from server.sandbox.store import Doc

RETRY_GAPS_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""The wait after each failed attempt of a payment notification; after the last one WeChat gives up."""
PUSH_RETRY_GAPS_S = (5, 5, 5)
ANSWER_LIMIT_S = 5.0
STALE_S = 600
TICK_S = 0.05

NoticeKind = Literal["pay_notify", "refund_notify", "transfer_notify"]
_FALSE_SUFFIX = "X9"
_HEADERS = {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0"}


def accepted(status: int | None) -> bool:
    """Return whether an answer accepts a notification: any 2xx does, whatever its body."""
    return status is not None and 200 <= status <= 299  # noqa: PLR2004  (the class of success)


@dataclass(frozen=True)
class Attempt:
    """One HTTP request, ready to be sent."""

    url: str
    body: bytes
    headers: dict[str, str]


def publish(
    sandbox: Sandbox, kind: NoticeKind, url: str, *, event_type: str, original_type: str, summary: str, resource: Doc
) -> str | None:
    """Queue a notification in the caller's transaction; return its id, or None if the knob `drop` discards it."""
    knobs, now = sandbox.knobs, sandbox.now()
    if knobs.take("drop", kind):
        return None
    notice = {
        "id": str(uuid.uuid4()),
        "kind": kind,
        "about": str(resource.get("out_trade_no") or resource["out_bill_no"]),
        "url": url,
        "envelope": {
            "create_time": rfc3339(now),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": summary,
        },
        "original_type": original_type,
        "resource": _falsified(sandbox, kind, resource),
        "copies": 1 + knobs.now.duplicate,
        "state": "waiting",
        "attempts": [],
    }
    held = knobs.take("reorder", kind)
    if held:
        notice["state"] = "held"
        sandbox.store.put("held", str(notice["id"]), {"id": notice["id"]})
    _save(sandbox, notice, due=None if held else now + knobs.now.delay_s)
    return str(notice["id"])


def _falsified(sandbox: Sandbox, kind: Operation, resource: Doc) -> Doc:
    told, knobs = {**resource}, sandbox.knobs
    if knobs.take("wrong_amount", kind):
        amount = told.get("amount")
        if isinstance(amount, dict):
            told["amount"] = {**amount, "total": int(amount["total"]) + 1}
        else:
            told["transfer_amount"] = int(told["transfer_amount"]) + 1
    if knobs.take("foreign_mchid", kind):
        told["mch_id" if "mch_id" in told else "mchid"] = "1999999999"
    if knobs.take("foreign_appid", kind) and "appid" in told:
        told["appid"] = "wx0000000000000000"
    if knobs.take("unknown_number", kind):
        name = next(name for name in ("out_refund_no", "out_bill_no", "out_trade_no") if name in told)
        told[name] = f"{str(told[name])[:30]}{_FALSE_SUFFIX}"
    return told


def queue_push(sandbox: Sandbox, openid: str, event: str, fields: Doc) -> None:
    """Queue an event for the mini program's message push; do nothing if no push address is configured."""
    config = sandbox.config
    if config.push_url is None:
        return
    body = {
        "ToUserName": original_id(config.appid),
        "FromUserName": openid,
        "CreateTime": int(sandbox.now()),
        "MsgType": "event",
        "Event": event,
        **fields,
    }
    notice = {
        "id": str(uuid.uuid4()), "kind": "push", "about": openid, "url": config.push_url, "body": body, "copies": 1,
        "state": "waiting", "attempts": [],
    }  # fmt: skip
    _save(sandbox, notice, due=sandbox.now())


def original_id(appid: str) -> str:
    """Return the `gh_…` id that belongs to an appid."""
    return f"gh_{appid[-12:]}"


def release_held(sandbox: Sandbox) -> None:
    """Release the notifications that `reorder` holds back."""
    for held in sandbox.store.all("held"):
        sandbox.store.delete("held", held["id"])
        notice = sandbox.store.get("notice", held["id"])
        if notice is not None:  # pragma: no branch - notices are never deleted
            _save(sandbox, {**notice, "state": "waiting"}, due=sandbox.now())


def _save(sandbox: Sandbox, notice: Doc, *, due: float | None) -> None:
    sandbox.store.put("notice", notice["id"], {**notice, "due": due}, parent=notice["about"], due=due)


@cache
def _trusted() -> ssl.SSLContext:
    """The usual certificate authorities, loaded once per process: that takes longer than the rest of a start."""
    return httpx.create_ssl_context(trust_env=False)


def _alarm(task: asyncio.Task[None]) -> None:
    """Report an error in a background task at once, because nobody awaits the task."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        task.get_loop().call_exception_handler({"message": "the sandbox's courier failed", "exception": error})


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)  # _alarm has reported their errors


class Courier:
    """Delivers due notifications and runs the changes that are due by time, until stopped."""

    def __init__(self, sandbox: Sandbox, changes: tuple[Callable[[Sandbox], None], ...]) -> None:
        """`changes` run on every tick, each in its own transaction: they do what happens only because time passes."""
        self._sandbox = sandbox
        self._changes = changes
        self._client = httpx.AsyncClient(timeout=ANSWER_LIMIT_S, trust_env=False, verify=_trusted())
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start ticking on the running loop."""
        self._ticking = asyncio.create_task(self._tick_for_ever())
        self._ticking.add_done_callback(_alarm)

    async def stop(self) -> None:
        """Stop ticking and cancel running attempts; they are made again after the next start."""
        await _cancel([self._ticking] if self._ticking else [])
        await self.drop_attempts()
        await self._client.aclose()

    async def drop_attempts(self) -> None:
        """Cancel running attempts; each is repeated when due, if its notification still exists."""
        await _cancel(list(self._tasks))

    async def _tick_for_ever(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """Run all changes that are due, and start the due attempts."""
        sandbox = self._sandbox
        if not sandbox.store.anything_due(sandbox.now()):
            return
        for change in self._changes:
            with sandbox.store.transaction():
                change(sandbox)
        for notice in sandbox.store.due("notice", sandbox.now()):
            if notice["id"] not in self._under_way:
                task = asyncio.create_task(self.attempt(notice["id"]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                task.add_done_callback(_alarm)

    async def attempt(self, notice_id: str) -> None:
        """Make the next attempt of a notification now, if it is due and no attempt of it is running."""
        sandbox = self._sandbox
        notice = sandbox.store.get("notice", notice_id)
        if notice is None or notice["due"] is None or notice["due"] > sandbox.now() or notice_id in self._under_way:
            return
        self._under_way.add(notice_id)
        try:
            await self._deliver(notice)
        finally:
            self._under_way.discard(notice_id)

    async def _deliver(self, notice: Doc) -> None:
        sandbox, kind, first = self._sandbox, notice["kind"], not notice["attempts"]
        if kind == "push":
            attempt = push_attempt(sandbox, notice["url"], notice["body"])
        else:
            if first and sandbox.knobs.take("signtest", kind):
                notice["probe_status"] = await self._post(pay_attempt(sandbox, notice, probe=True))
            attempt = pay_attempt(sandbox, notice, probe=False)
        copies = notice["copies"] if first else 1
        statuses = await asyncio.gather(*(self._post(attempt) for _ in range(copies)))
        for status in statuses:
            notice["attempts"].append({"at": rfc3339(sandbox.now()), "status": status})
        self._settle(notice, done=any(map(accepted, statuses)))
        if first:
            release_held(sandbox)

    def _settle(self, notice: Doc, *, done: bool) -> None:
        sandbox = self._sandbox
        gaps = PUSH_RETRY_GAPS_S if notice["kind"] == "push" else RETRY_GAPS_S
        notice["tries"] = notice.get("tries", 0) + 1
        due = None
        if done:
            notice["state"] = "delivered"
        elif notice["tries"] > len(gaps):
            notice["state"] = "given_up"
        else:
            due = sandbox.now() + gaps[notice["tries"] - 1] * sandbox.config.notify_time_scale
        _save(sandbox, notice, due=due)

    async def _post(self, attempt: Attempt) -> int | None:
        """Return the HTTP status, or None if no answer came in time."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                response = await self._client.post(attempt.url, content=attempt.body, headers=attempt.headers)
        except (httpx.HTTPError, TimeoutError):
            return None
        return response.status_code


def pay_attempt(sandbox: Sandbox, notice: Doc, *, probe: bool) -> Attempt:
    """Return one attempt of a payment notification; each attempt is encrypted and signed again."""
    knobs, kind = sandbox.knobs, notice["kind"]
    nonce = crypto.random_word(12)
    associated = "mch_payment" if kind == "transfer_notify" else notice["original_type"]
    resource = {
        "original_type": notice["original_type"],
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": crypto.gcm_encrypt(sandbox.config.apiv3_key, nonce, associated, orjson.dumps(notice["resource"])),
        "associated_data": associated,
        "nonce": nonce,
    }
    body = orjson.dumps({"id": notice["id"], **notice["envelope"], "resource": resource})
    timestamp = int(sandbox.now()) - (STALE_S if not probe and knobs.take("stale", kind) else 0)
    headers = signature_headers(sandbox, body, asked_serial=None, timestamp=timestamp)
    if probe:
        headers["Wechatpay-Signature"] = f"WECHATPAY/SIGNTEST/{headers['Wechatpay-Signature']}"
    elif knobs.take("tamper", kind):
        # Only the signature shows this change: the resource still decrypts.
        body = body.replace(b'"summary":"', b'"summary":"*', 1)
    return Attempt(notice["url"], body, {**_HEADERS, **headers})


def push_attempt(sandbox: Sandbox, url: str, event: dict[str, Any]) -> Attempt:
    """Return one attempt of a pushed event, plain or in safe mode."""
    config = sandbox.config
    token, body = config.push_token or "", orjson.dumps(event)
    timestamp, nonce = str(int(sandbox.now())), str(int.from_bytes(uuid.uuid4().bytes[:4], "big"))
    signature = crypto.push_signature(token, timestamp, nonce)
    query = f"signature={signature}&timestamp={timestamp}&nonce={nonce}&openid={event['FromUserName']}"
    if sandbox.knobs.now.push_mode == "safe" and config.push_aes_key is not None:
        encrypted = crypto.PushCipher(config.push_aes_key, config.appid).encrypt(body)
        body = orjson.dumps({"ToUserName": event["ToUserName"], "Encrypt": encrypted})
        query += f"&encrypt_type=aes&msg_signature={crypto.push_signature(token, timestamp, nonce, encrypted)}"
    return Attempt(f"{url}?{query}", body, _HEADERS)
