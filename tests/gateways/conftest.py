"""A sandbox of WeChat that signs for real, and the gateways that talk to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as aioredis

from server.gateways.transport import client
from server.gateways.wechat_mini import MiniConfig, WeChatMini
from server.gateways.wechat_pay import PayConfig, WeChatPay
from server.sandbox.config import SandboxConfig
from server.sandbox.identity import Identity, make_identity
from server.sandbox.serve import running
from tests.gateways.wire import HandClock, Parrot


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def wechat(identity: Identity, clock: HandClock, tmp_path: Path) -> AsyncIterator[str]:
    """Run the sandbox; return its address."""
    config = SandboxConfig.of(identity, tmp_path / "state.sqlite", clock=lambda: clock.now().timestamp())
    async with running(config) as url:
        yield url


Control = Callable[..., Any]


@pytest.fixture
async def control(wechat: str) -> AsyncIterator[Control]:
    """Return `await control("pay", out_trade_no=…)`: it does what the member's phone would do, and sets faults."""
    async with client(wechat, 5) as http:

        async def call(path: str, **body: object) -> Any:
            answer = await http.post(f"/control/{path}", json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield call


@pytest.fixture
async def parrot() -> AsyncIterator[Parrot]:
    bird = Parrot()
    server = await asyncio.start_server(bird.serve, "127.0.0.1", 0)
    async with server:
        bird.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield bird


@pytest.fixture
def pay_config(identity: Identity, wechat: str, parrot: Parrot) -> PayConfig:
    return pay_config_of(identity, wechat, parrot.url)


def pay_config_of(identity: Identity, base_url: str, public_base_url: str) -> PayConfig:
    return PayConfig(
        appid=identity.appid,
        mchid=identity.mchid,
        mch_serial=identity.merchant_serial,
        mch_private_key=identity.merchant_private_key,
        apiv3_key=identity.apiv3_key,
        public_key=identity.platform_public_key,
        public_key_id=identity.platform_public_key_id,
        base_url=base_url,
        public_base_url=public_base_url,
        timeout_s=1.5,
    )


@pytest.fixture
async def pay(pay_config: PayConfig, clock: HandClock) -> AsyncIterator[WeChatPay]:
    """Return a payment gateway for the sandbox; its notices go to the parrot."""
    gateway = WeChatPay(pay_config, clock)
    await gateway.open()
    yield gateway
    await gateway.aclose()


@pytest.fixture
async def fooled_pay(identity: Identity, parrot: Parrot, clock: HandClock) -> AsyncIterator[WeChatPay]:
    """Return a payment gateway for the parrot."""
    gateway = WeChatPay(pay_config_of(identity, parrot.url, "https://mall.example.com"), clock)
    await gateway.open()
    yield gateway
    await gateway.aclose()


@pytest.fixture
def mini_config(identity: Identity, wechat: str) -> MiniConfig:
    return MiniConfig(appid=identity.appid, secret=identity.secret, base_url=wechat, timeout_s=1.5)


@pytest.fixture
async def mini(mini_config: MiniConfig, redis: aioredis.Redis, clock: HandClock) -> AsyncIterator[WeChatMini]:
    """Return a mini-program gateway for the sandbox."""
    gateway = WeChatMini(mini_config, redis, clock)
    await gateway.open()
    yield gateway
    await gateway.aclose()


@pytest.fixture
async def fooled_mini(identity: Identity, parrot: Parrot, redis: aioredis.Redis, clock: HandClock) -> Any:
    gateway = WeChatMini(MiniConfig(appid=identity.appid, secret="s", base_url=parrot.url, timeout_s=1.5), redis, clock)
    await gateway.open()
    yield gateway
    await gateway.aclose()
