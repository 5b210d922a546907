"""The command line as a process of its own, on a test's database."""

import asyncio
import os
import sys
from pathlib import Path

from server.commands.environment import development_environment
from tests.support.mall import Mall


async def run(mall: Mall, folder: Path, *args: str) -> tuple[int, str, str]:
    """The command's exit code, output and errors."""
    settings = mall.settings
    addresses = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "WECHAT_API_BASE": settings.wechat_api_base,
        "WECHAT_PAY_BASE": settings.wechat_pay_base,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", *args),
        env={**os.environ, **development_environment(folder), **addresses},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()
