"""The only place that builds parts from settings: clock, Redis, gateways, cipher."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import redis.asyncio as aioredis

from server import db
from server.core.clock import Clock, SharedClock, SystemClock
from server.gateways.cipher import FieldCipher
from server.gateways.ports import Deps
from server.gateways.wechat_mini import MiniConfig, WeChatMini
from server.gateways.wechat_pay import PayConfig, WeChatPay
from server.gateways.wechat_push import WeChatPush
from server.services.common import audit_log, field_keys
from server.settings import Settings, SettingsError

_WECHAT_TIMEOUT_S = 8.0


def clock_of(settings: Settings) -> Clock:
    """Return the machine's clock, or the shared clock of development and tests."""
    return SharedClock(settings.clock_file) if settings.clock_file else SystemClock()


def cipher_of(settings: Settings) -> FieldCipher:
    """Return the cipher of FIELD_KEYS. Raises SettingsError if there are none."""
    if not settings.field_keys:
        raise SettingsError(("FIELD_KEYS: missing",))
    return FieldCipher(settings.field_keys)


async def refuse_unfit_keys(settings: Settings) -> None:
    """Check FIELD_KEYS before processes start that would need them. Needs a connected pool.

    Raises UnfitKeysError, SettingsError.
    """
    await field_keys.refuse_unfit(cipher_of(settings))


@asynccontextmanager
async def build_deps(settings: Settings) -> AsyncIterator[Deps]:
    """Build all parts on the running loop and open the database pool; everything is closed at the end of the block.

    Raises UnfitKeysError, SettingsError.
    """
    clock = clock_of(settings)
    async with AsyncExitStack() as stack:
        redis = aioredis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=3)
        stack.push_async_callback(redis.aclose)
        pay = WeChatPay(
            PayConfig(
                appid=settings.wechat_appid,
                mchid=settings.wechat_mchid,
                mch_serial=settings.wechat_mch_serial,
                mch_private_key=settings.wechat_mch_private_key,
                apiv3_key=settings.wechat_apiv3_key,
                public_key=settings.wechat_pay_public_key,
                public_key_id=settings.wechat_pay_public_key_id,
                base_url=settings.wechat_pay_base,
                public_base_url=settings.public_base_url,
                timeout_s=_WECHAT_TIMEOUT_S,
            ),
            clock,
            SystemClock() if settings.clock_file else None,
        )
        await pay.open()
        stack.push_async_callback(pay.aclose)
        mini = WeChatMini(
            MiniConfig(
                appid=settings.wechat_appid,
                secret=settings.wechat_secret,
                base_url=settings.wechat_api_base,
                timeout_s=_WECHAT_TIMEOUT_S,
            ),
            redis,
            clock,
        )
        await mini.open()
        stack.push_async_callback(mini.aclose)
        await db.connect(settings.database_url, settings.db_pool_size)
        stack.push_async_callback(db.disconnect)
        cipher = cipher_of(settings)
        await field_keys.refuse_unfit(cipher)
        audit_log.seal_with(cipher)
        yield Deps(
            clock=clock,
            redis=redis,
            pay=pay,
            mini=mini,
            push=WeChatPush(settings.wechat_appid, settings.wechat_push_token, settings.wechat_push_aes_key),
            cipher=cipher,
            appid=settings.wechat_appid,
            mchid=settings.wechat_mchid,
            public_base_url=settings.public_base_url,
            trusted_proxies=settings.trusted_proxies,
            metrics_token=settings.metrics_token,
            sandbox_control_url=settings.sandbox_control_url,
            media_dir=settings.media_dir,
            h5_dir=settings.h5_dir,
            operator_limits=settings.operator_limits,
        )
