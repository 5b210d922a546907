"""The whole mall as a person starts it: a process tree, parts of which are killed."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from server import db
from server.commands.dev import keep_aside
from server.commands.runtime import resolve
from server.core.clock import SystemClock, shanghai_day
from server.core.unfit import UnfitDatabaseError
from server.embedded import EngineError, Engines, running
from tests.faults.owners import home_of, sql
from tests.support.mall import Mall, free_port
from tests.support.old_schema import NAMES, make_old
from tests.support.patience import limit
from tests.support.processes import children, descendants, is_alive, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")]

DEV = (sys.executable, "-m", "server", "dev")
ELSEWHERE = {"WECHAT_API_BASE": "http://127.0.0.1:9", "WECHAT_PAY_BASE": "http://127.0.0.1:9"}


@dataclass
class Dev:
    data: Path
    port: int
    process: subprocess.Popen[bytes]
    started_s: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self, path: str = "/readyz") -> bool:
        try:
            return httpx.get(self.url + path, timeout=limit(2)).status_code == 200
        except httpx.TransportError:
            return False

    def role(self, module: str) -> list[int]:
        return sorted(pid for pid, command in children(self.process.pid).items() if module in command)

    def stop(self) -> tuple[float, str]:
        """Return the seconds it took and all its output."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=limit(30))
        return time.monotonic() - began, self.said()

    def said(self) -> str:
        return (self.data.parent / "said").read_text("utf-8")


def start(data: Path, *options: str, **environment: str) -> Dev:
    port = free_port()
    arguments = [*DEV, "--data", str(data), "--port", str(port), *options]
    with (data.parent / "said").open("w", encoding="utf-8") as said:
        dev = Dev(data, port, subprocess.Popen(arguments, stdout=said, env=os.environ | environment))
    try:
        dev.started_s = wait_until(lambda: dev.process.poll() is not None or "Ctrl-C" in dev.said(), 60)
    except BaseException:
        end(dev)
        raise
    return dev


def end(dev: Dev) -> None:
    """Kill it, and delete the parts of its data that root keeps elsewhere."""
    dev.process.kill()
    dev.process.wait()
    wait_until(lambda: not running(dev.data))
    if (home := home_of(dev.data)) != dev.data:
        wait_until(lambda: _is_gone(home))


def _is_gone(folder: Path) -> bool:
    """Return whether nothing is left; an engine that is still stopping may remove its own files meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    one = start(tmp_path_factory.mktemp("dev") / "data")
    try:
        yield one
    finally:
        end(one)


def test_it_is_ready_soon(dev: Dev) -> None:
    assert dev.answers()
    assert dev.started_s < limit(45)  # about 8 s on an idle machine


def play(dev: Dev) -> dict[str, Any]:
    """Run `demo` on the running mall; return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "server", "demo", "--data", str(dev.data), "--json"],
        capture_output=True,
        check=False,
        timeout=limit(60),
    )
    said: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 0, said["steps"][-1]
    return said


def test_the_demo_is_as_the_rules_say(dev: Dev) -> None:
    said = play(dev)
    assert said["ok"]
    assert {step["who"] for step in said["steps"]} >= {"A", "B", "C", "D"}
    assert said["rebate"]["state"] == "settled"
    assert sum(step["amount_fen"] for step in said["rebate"]["explanation"]["steps"]) == said["rebate"]["amount_fen"]
    assert said["audit"]["ok"]
    assert all(set(check) == {"name", "checked", "offenders"} for check in said["audit"]["checks"])


async def test_the_demo_refuses_the_address_of_another_shop(dev: Dev, mall: Mall) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "demo", "--json"),
        *("--data", str(dev.data), "--base-url", mall.base_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), limit(60))
    said = json.loads(out)
    assert (process.returncode, said["ok"]) == (1, False)
    assert f"is not the mall of {dev.data}" in said["steps"][-1]["did"]
    assert await db.fetch_value("SELECT count(*) FROM members") == 0


def test_a_second_one_on_the_same_port_or_folder_says_why_not(dev: Dev, tmp_path: Path) -> None:
    for arguments in (
        ("--data", str(tmp_path / "other"), "--port", str(dev.port)),
        ("--data", str(dev.data), "--port", str(free_port())),
    ):
        second = subprocess.run(
            [sys.executable, "-m", "server", "dev", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=limit(30),
        )
        assert second.returncode == 2
        assert len(second.stderr.splitlines()) == 1


def test_a_hanging_api_process_is_replaced_while_the_other_serves(dev: Dev) -> None:
    wait_until(lambda: len(dev.role("roles.api")) == 2)
    hanging = dev.role("roles.api")[0]
    os.kill(hanging, signal.SIGSTOP)
    while is_alive(hanging):
        assert dev.answers("/healthz")
        time.sleep(0.05)
    wait_until(lambda: len(dev.role("roles.api")) == 2)


def test_killed_processes_come_back_and_nobody_notices(dev: Dev) -> None:
    wait_until(lambda: len(dev.role("roles.api")) == 2)
    for role in ("roles.api", "roles.worker", "roles.sandbox"):
        before = dev.role(role)
        os.kill(before[-1], signal.SIGKILL)  # the youngest may not be up yet
        while dev.role(role) == before or len(dev.role(role)) < len(before):
            wait_until(lambda: dev.answers("/healthz"), 10)  # while one is down the other answers
            time.sleep(0.02)


@pytest.mark.parametrize("engine", ["postgres", "valkey-server"])
def test_killed_engines_come_back(dev: Dev, engine: str) -> None:
    (before,) = dev.role(f"/{engine} ")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: dev.role(f"/{engine} ") not in ([], [before]))
    wait_until(dev.answers)


def test_after_all_that_the_demo_is_still_as_the_rules_say(dev: Dev) -> None:
    wait_until(dev.answers)
    assert play(dev)["ok"]


def test_it_stops_in_order_keeps_its_data_and_leaves_nobody(dev: Dev) -> None:
    left = descendants(dev.process.pid)
    assert len(left) > 5
    seconds, said = dev.stop()
    assert dev.process.returncode == 0
    assert seconds < limit(10)
    assert not any(map(is_alive, left))
    assert dev.url in said
    assert f"{dev.url}/docs" in said
    assert "/pay" in said

    migrate = [sys.executable, "-m", "server", "migrate", "--data", str(dev.data)]
    done = subprocess.run(migrate, capture_output=True, text=True, check=True, timeout=limit(60))
    assert done.stdout.splitlines() == ["完成 done: 0"]  # on its own engines
    assert not running(dev.data)

    again = start(dev.data, **ELSEWHERE)
    try:
        assert again.answers()
        assert again.role("roles.sandbox") == []
    finally:
        _, said = again.stop()
    assert ELSEWHERE["WECHAT_API_BASE"] in said


def test_a_killed_mall_leaves_nobody(tmp_path: Path) -> None:
    one = start(tmp_path / "data")
    left = descendants(one.process.pid)
    one.process.kill()
    wait_until(lambda: not any(map(is_alive, left)))
    end(one)


@pytest.mark.timeout(300)  # it starts the engines five times
def test_a_folder_of_before_is_refused_and_kept_aside_when_told_to_start_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Engines(data) as engines:
        asyncio.run(make_old(engines.start().database_owner_url))
    arguments = [*DEV, "--data", str(data), "--port", str(free_port())]
    refused = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=limit(60))
    assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", f"{UnfitDatabaseError()}\n")
    assert not running(data)

    new = start(data, "--fresh")
    aside = data.with_name(f"data-{shanghai_day(SystemClock().now())}")
    try:
        assert new.answers()
        assert f"old data is now in {aside}" in new.said()
        again = subprocess.run([*arguments, "--fresh"], capture_output=True, text=True, check=False, timeout=limit(60))
        assert (again.returncode, again.stdout) == (2, "")
        assert f"belong to process {new.process.pid}" in again.stderr  # a folder in use is not moved
        with Engines(aside) as old:
            names = sql(old.start(), "SELECT array_agg(name::text ORDER BY id) FROM tortoise_migrations")
        assert names == list(NAMES)
        assert new.answers()
    finally:
        new.stop()  # in order, so that no process works any more in the folder deleted next
        end(new)
        if (home := home_of(aside)) != aside:
            shutil.rmtree(home)


def test_old_data_of_one_day_has_names_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "data"
    day = shanghai_day(SystemClock().now())
    for name in (f"data-{day}", f"data-{day}-2"):
        data.mkdir()
        (data / name).touch()
        assert keep_aside(data) == tmp_path / name
        assert (tmp_path / name / name).exists()


def test_commands_need_a_mall(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="holds no mall"), resolve(tmp_path / "nothing"):
        pass
