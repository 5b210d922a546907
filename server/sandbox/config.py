"""The configuration of a sandbox: the app and merchant it serves, its keys, its state file and its clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.sandbox.identity import Identity


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """Settings of one sandbox.

    `clock` returns unix seconds and decides everything that expires, is retried or gets a timestamp: moving it moves
    all of WeChat. `wire_clock` is the machine's own clock; requests stamped with it are accepted too, because payment
    libraries sign with real time whatever clock the mall uses. `notify_time_scale` multiplies the waits between the
    attempts of one notification (0.01 turns 15 s into 0.15 s).
    """

    appid: str
    secret: str
    mchid: str
    merchant_public_key: str
    merchant_serial: str
    apiv3_key: str
    platform_private_key: str
    platform_public_key_id: str
    platform_certificate_key: str
    platform_certificate: str
    state_path: Path
    push_url: str | None = None
    push_token: str | None = None
    push_aes_key: str | None = None
    clock: Callable[[], float] = time.time
    wire_clock: Callable[[], float] = time.time
    notify_time_scale: float = 1.0

    @classmethod
    def of(
        cls,
        identity: Identity,
        state_path: Path,
        *,
        push_url: str | None = None,
        clock: Callable[[], float] = time.time,
        notify_time_scale: float = 1.0,
    ) -> "SandboxConfig":
        """Return a configuration whose WeChat knows the app and merchant of `identity`."""
        return cls(
            appid=identity.appid,
            secret=identity.secret,
            mchid=identity.mchid,
            merchant_public_key=identity.merchant_public_key,
            merchant_serial=identity.merchant_serial,
            apiv3_key=identity.apiv3_key,
            platform_private_key=identity.platform_private_key,
            platform_public_key_id=identity.platform_public_key_id,
            platform_certificate_key=identity.platform_certificate_key,
            platform_certificate=identity.platform_certificate,
            state_path=state_path,
            push_url=push_url,
            push_token=identity.push_token,
            push_aes_key=identity.push_aes_key,
            clock=clock,
            notify_time_scale=notify_time_scale,
        )
