"""Runs the command line on a test's database: forked from a warm process, or as a new process."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from tempfile import TemporaryDirectory

from server.commands.environment import development_environment
from tests.support.mall import Mall
from tests.support.patience import limit

_LIMIT_S = 60
_warm: list[Process] = []


async def run(mall: Mall, *args: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, output and errors."""
    if not _warm:
        _warm.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.support.warm", stdin=PIPE, stdout=PIPE, env={**os.environ}
            )
        )
    with TemporaryDirectory() as folder:
        files = {"out": f"{folder}/out", "err": f"{folder}/err"}
        code = await _forked(_warm[0], {"args": args, "env": environment(mall), **files})
        return code, _read(files["out"]), _read(files["err"])


def _read(file: str) -> str:
    return Path(file).read_text("utf-8")


async def _forked(warm: Process, command: object) -> int:
    assert warm.stdin is not None
    assert warm.stdout is not None
    warm.stdin.write(json.dumps(command).encode() + b"\n")
    pid = json.loads(await warm.stdout.readline())["pid"]
    try:
        async with asyncio.timeout(limit(_LIMIT_S)):
            return int(json.loads(await warm.stdout.readline())["code"])
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        await warm.stdout.readline()
        raise


async def run_process(mall: Mall, *args: str) -> tuple[int, str, str]:
    """Run a command in a new process, for cases that a fork cannot show."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *args, env=environment(mall), stdout=PIPE, stderr=PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), limit(_LIMIT_S))
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            process.kill()
        await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


def kept() -> set[int]:
    """Return the processes that stay alive for the next command."""
    return {process.pid for process in _warm}


async def stop() -> None:
    """Stop the warm process."""
    for process in _warm:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
    _warm.clear()


def environment(mall: Mall) -> dict[str, str]:
    """Return the environment that makes a process use this mall."""
    settings = mall.settings
    return {
        **os.environ,
        **development_environment(mall.folder),
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "REDIS_URL": settings.redis_url,
        "WECHAT_API_BASE": settings.wechat_api_base,
        "WECHAT_PAY_BASE": settings.wechat_pay_base,
    }
