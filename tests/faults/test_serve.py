"""The production roles as processes, with development settings; refused settings have their own tests."""

import asyncio
import base64
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import redis.asyncio as aioredis

from server import schema
from server.commands.environment import development_environment
from server.core.unfit import UnfitDatabaseError, UnfitKeysError, UnfitRoleError
from tests.support.catalogue import catalogue
from tests.support.databases import EngineUrls, administer
from tests.support.mall import free_port
from tests.support.old_schema import make_old
from tests.support.patience import limit

ANY = "0.0.0.0"  # noqa: S104 - it is given on purpose
COMMAND = (sys.executable, "-m", "server")


@pytest.fixture
def environment(own_database_url: str, own_owner_url: str, engines: EngineUrls, tmp_path: Path) -> dict[str, str]:
    return {
        **development_environment(tmp_path),
        "DATABASE_URL": own_database_url,
        "DATABASE_OWNER_URL": own_owner_url,
        "REDIS_URL": engines.redis,
    }


@contextlib.asynccontextmanager
async def started(environment: dict[str, str], *arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, env=os.environ | environment, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(environment: dict[str, str], *arguments: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of both outputs."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=os.environ | environment, stdout=PIPE, stderr=PIPE
    )
    said, complained = await asyncio.wait_for(process.communicate(), limit(60))
    return process.returncode or 0, (said + complained).decode().splitlines()


async def stop(process: Process) -> str:
    """Stop the process, which must exit cleanly; return its standard error."""
    process.send_signal(signal.SIGTERM)
    _, said = await asyncio.wait_for(process.communicate(), limit(60))
    assert process.returncode == 0
    return said.decode()


async def test_serve_answers_counts_and_stops_in_order(environment: dict[str, str]) -> None:
    port = free_port()
    arguments = ("serve", "--host", "127.0.0.1", "--port", str(port))
    async with (
        started(environment | {"WEB_WORKERS": "2"}, *arguments) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=limit(20)) as http,
    ):

        async def answer(path: str) -> httpx.Response | None:
            try:
                return await http.get(path)
            except httpx.TransportError:
                return None

        async with asyncio.timeout(90):
            while (ready := await answer("/readyz")) is None:  # noqa: ASYNC110 - the event is in another process
                await asyncio.sleep(0.05)
        assert ready.json()["ok"]
        for _ in range(20):
            async with httpx.AsyncClient() as fresh:  # a new connection may reach another process
                await fresh.get(f"http://127.0.0.1:{port}/healthz")
        numbers = await http.get("/metrics")
        assert 'count{method="GET",route="healthz",status="200"} 20.0' in numbers.text
        assert "Traceback" not in await stop(process)


async def test_the_database_is_migrated_first(
    environment: dict[str, str], own_database_url: str, own_owner_url: str
) -> None:
    await schema.migrate(own_owner_url, own_database_url, schema.EMPTY)
    code, said = await run(environment, "serve", "--port", "1")
    assert code == 2
    assert len(said) == 1
    assert "run `migrate` first" in said[0]
    code, said = await run(environment, "migrate")
    assert (code, said[0], said[-1]) == (0, "0001_initial", f"完成 done: {len(said) - 1}")
    assert await run(environment, "migrate", "--down", "0001_initial") == (0, ["完成 done: 0"])
    code, said = await run(environment, "migrate", "--down", schema.EMPTY)
    assert (code, said[-2]) == (0, "0001_initial")


@pytest.mark.parametrize("verb", [("serve", "--port", "1"), ("worker",), ("migrate",), ("audit",)], ids=" ".join)
async def test_a_database_of_before_is_refused_in_one_sentence(
    verb: tuple[str, ...], environment: dict[str, str], own_database_url: str, own_owner_url: str
) -> None:
    await schema.migrate(own_owner_url, own_database_url, schema.EMPTY)
    await administer(own_owner_url, "DROP TABLE tortoise_migrations")
    await make_old(own_owner_url)
    owner = await asyncpg.connect(own_owner_url)
    await schema.grant(owner, urlsplit(own_database_url).username or "")
    await owner.close()
    before = await catalogue(own_owner_url)
    code, said = await run(environment, *verb)
    assert (code, said) == (2, [str(UnfitDatabaseError())])
    assert await catalogue(own_owner_url) == before


@pytest.mark.parametrize("verb", [("serve", "--port", "1"), ("worker",)], ids=" ".join)
async def test_nobody_is_taken_for_development_unasked(verb: tuple[str, ...], environment: dict[str, str]) -> None:
    refusal = ["TUISAN_ENV: missing, say development or production"]
    assert await run(environment | {"TUISAN_ENV": ""}, *verb) == (2, refusal)


@pytest.mark.parametrize("verb", [("serve", "--port", "1"), ("worker",), ("audit",), ("migrate",)], ids=" ".join)
async def test_the_owner_is_no_role_for_the_application(verb: tuple[str, ...], environment: dict[str, str]) -> None:
    """Also not in development: `dev` makes both roles."""
    code, said = await run(environment | {"DATABASE_URL": environment["DATABASE_OWNER_URL"]}, *verb)
    assert (code, len(said)) == (2, 1)
    assert said[0].startswith("DATABASE_URL: ")
    assert "docs/guides/database.md" in said[0]


@pytest.mark.parametrize("verb", [("serve", "--port", "1"), ("worker",), ("audit",)], ids=" ".join)
async def test_a_role_without_rights_is_told_to_migrate(
    verb: tuple[str, ...], environment: dict[str, str], own_database_url: str, own_owner_url: str
) -> None:
    role = urlsplit(own_database_url).username
    await administer(own_owner_url, f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    code, said = await run(environment, *verb)
    assert (code, said) == (2, [str(UnfitRoleError("no rights yet, run `migrate`"))])
    assert (await run(environment, "migrate"))[0] == 0
    assert (await run(environment, "audit"))[0] == 0


@pytest.mark.parametrize("verb", [("migrate",), ("seed", "--scale")], ids=" ".join)
async def test_what_only_the_owner_may_do_needs_its_role(verb: tuple[str, ...], environment: dict[str, str]) -> None:
    refusal = ["DATABASE_OWNER_URL: missing, this command changes tables"]
    assert await run(environment | {"DATABASE_OWNER_URL": ""}, *verb) == (2, refusal)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at sockets in /proc")
@pytest.mark.parametrize(("told", "where"), [((), "127.0.0.1"), (("--host", ANY), ANY)])
async def test_development_listens_on_loopback_unless_told(
    told: tuple[str, ...], where: str, environment: dict[str, str]
) -> None:
    port = free_port()
    async with started(environment, "serve", "--port", str(port), *told) as process, asyncio.timeout(limit(90)):
        while not (found := listening(port)):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.05)
        assert found == [where]
        await stop(process)


def listening(port: int) -> list[str]:
    """Return the IPv4 addresses on which the machine listens at this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    places = [row[1].split(":") for row in rows if row[3] == "0A"]
    return [socket.inet_ntoa(int(host, 16).to_bytes(4, sys.byteorder)) for host, at in places if int(at, 16) == port]


async def test_other_keys_than_the_databases_are_refused(environment: dict[str, str], redis: "aioredis.Redis") -> None:
    async with started(environment, "worker") as process, asyncio.timeout(limit(90)):
        while not await redis.exists("arq:queue:health-check"):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.05)
        await stop(process)
    other = environment | {"FIELD_KEYS": base64.b64encode(bytes(range(32))).decode()}
    for verb in (("serve", "--port", "1"), ("worker",), ("audit",)):
        assert await run(other, *verb) == (2, [str(UnfitKeysError())])
    none = environment | {"FIELD_KEYS": ""}
    for verb in (("serve", "--port", "1"), ("worker",), ("audit",)):
        assert await run(none, *verb) == (2, ["FIELD_KEYS: missing"])


@pytest.mark.parametrize("verb", ["serve", "worker"])
async def test_a_missing_setting_is_named(verb: str, environment: dict[str, str]) -> None:
    assert await run(environment | {"DATABASE_URL": ""}, verb) == (2, ["DATABASE_URL: missing"])


async def test_without_a_database_or_a_mall_there_is_nothing_to_migrate(tmp_path: Path) -> None:
    code, said = await run({}, "migrate", "--data", str(tmp_path))
    assert code == 2
    assert "holds no mall yet" in said[0]


async def test_a_worker_stops_in_order(environment: dict[str, str], redis: "aioredis.Redis") -> None:
    async with started(environment, "worker") as process, asyncio.timeout(90):
        while not await redis.exists("arq:queue:health-check"):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.05)
        assert "Traceback" not in await stop(process)
