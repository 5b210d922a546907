import asyncio
import dataclasses
from typing import Any

import httpx
import pytest

from server.sandbox.__main__ import main
from server.sandbox.config import SandboxConfig
from server.sandbox.context import Sandbox, open_sandbox
from server.sandbox.identity import Identity
from server.sandbox.notify import Courier
from server.sandbox.serve import running
from tests.sandbox.world import HandClock, Mall, running_world


async def test_failing_courier_is_told_at_once(config: SandboxConfig) -> None:
    def broken(_: Sandbox) -> None:
        raise RuntimeError("broken change")

    told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.set_result(context))
    sandbox = open_sandbox(config)
    sandbox.store.put("anything", "late", {}, due=0)
    courier = Courier(sandbox, (broken,))
    try:
        courier.start()
        async with asyncio.timeout(3):
            assert str((await told)["exception"]) == "broken change"
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
        await courier.stop()
        sandbox.store.close()


async def test_without_push_address_nothing_is_pushed(
    config: SandboxConfig, identity: Identity, clock: HandClock, mall: Mall
) -> None:
    async with running_world(dataclasses.replace(config, push_url=None), identity, clock, mall) as world:
        await world.control("subscribe", {"openid": "alice", "template_id": "T1"})
        assert (await world.http.get("/control/notices")).json() == {"items": []}


async def test_open_connections_do_not_keep_it_from_stopping(config: SandboxConfig) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        async with asyncio.timeout(5), running(config) as base:
            assert (await http.get(f"{base}/pay")).status_code == 200
        with pytest.raises(httpx.TransportError):
            await http.get(f"{base}/pay")


def test_command_needs_a_folder(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["sandbox"])
    with pytest.raises(SystemExit):
        main()
    assert "folder" in capsys.readouterr().err
