import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.commands import supervisor
from server.commands.supervisor import Child, Supervisor
from tests.support.patience import limit
from tests.support.processes import is_alive


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "diary"
    path.touch()
    return path


def written(diary: Path) -> str:
    return diary.read_text("utf-8")


def child(diary: Path, character: str) -> Child:
    return Child(character, "tests.support.beating", {"DIARY": str(diary), "CHARACTER": character})


async def until(happened: Callable[[], object], within_s: float = 20) -> None:
    end = time.monotonic() + limit(within_s)
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.05)


async def test_a_killed_process_is_started_again(diary: Path) -> None:
    async with Supervisor([[child(diary, "calm")]]) as running:
        await asyncio.wait_for(running.ready(), limit(60))
        first = running.pids()["calm"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: running.pids().get("calm", first) != first)
        second = running.pids()["calm"]
        await until(lambda: f"born {second}" in written(diary))
    assert not is_alive(second)
    assert written(diary).count("dies") == 1


async def test_a_hanging_process_is_replaced(diary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_SILENT_S", 2.5)
    async with Supervisor([[child(diary, "calm")]]) as running:
        await asyncio.wait_for(running.ready(), limit(60))
        first = running.pids()["calm"]
        os.kill(first, signal.SIGSTOP)
        await until(lambda: written(diary).count("born") == 2)
        assert not is_alive(first)


async def test_a_process_that_cannot_start_is_tried_again_and_again_and_holds_up_nothing(diary: Path) -> None:
    async with Supervisor([[child(diary, "weak")], [child(diary, "calm")]]):
        await until(lambda: written(diary).count("weak born") == 3)
        assert "calm born" in written(diary)


async def test_the_last_stage_ends_first(diary: Path) -> None:
    names = ("calm", "quiet", "slow")
    async with Supervisor([[child(diary, name)] for name in names]) as running:
        await asyncio.wait_for(running.ready(), limit(60))
        pids = running.pids().values()
    assert [line for line in written(diary).splitlines() if "dies" in line] == [
        "slow dies",
        "quiet dies",
        "calm dies",
    ]
    assert not any(map(is_alive, pids))


async def test_who_does_not_end_is_killed(diary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_S", 0.5)
    async with Supervisor([[child(diary, "stubborn")]]) as running:
        await asyncio.wait_for(running.ready(), limit(60))
        pid = running.pids()["stubborn"]
    assert not is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the child notices at its next beat")
async def test_nothing_outlives_a_killed_supervisor(diary: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.support.supervising", str(diary))
    try:
        await until(lambda: "born" in written(diary))
    finally:
        process.kill()
        await process.wait()
    orphan = int(written(diary).split()[-1])
    await until(lambda: not is_alive(orphan), within_s=2)


async def test_a_process_ends_by_itself_when_nobody_hears_its_heart(diary: Path) -> None:
    listening, beating = os.pipe()
    environment = os.environ | child(diary, "calm").environment | {"TUISAN_HEART_FD": str(beating)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.beating", env=environment, pass_fds=(beating,)
    )
    os.close(beating)
    await until(lambda: "born" in written(diary))
    os.close(listening)
    assert await asyncio.wait_for(process.wait(), limit(30)) == 0
    assert "dies" in written(diary)
