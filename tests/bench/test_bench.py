"""The benches run. No test here judges their results."""

import subprocess
import sys

import orjson
import pytest

from server.commands.bench.benches import Result
from server.commands.bench.large import NAMES
from server.commands.bench.stage import ClientTooSlow, Load, check
from server.commands.runtime import DEFAULT_DATA
from server.embedded import EngineError

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


def bench(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "server", "bench", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=110)


def test_one_name_gives_its_figures_and_leaves_nothing() -> None:
    before = set(DEFAULT_DATA.parent.iterdir())
    done = bench("settle", "--json", "--rounds", "1", "--seconds", "1")
    assert done.returncode == 0, done.stderr.decode()
    (result,) = orjson.loads(done.stdout)
    assert list(result) == list(Result.__struct_fields__)
    assert result["name"] == "settle"
    assert result["ratio"] == pytest.approx(result["per_second"] / result["limit_per_second"], rel=0.01)
    assert 0 < result["p50_ms"] <= result["p95_ms"] <= result["p99_ms"]
    assert {one for one in set(DEFAULT_DATA.parent.iterdir()) - before if "bench" in one.name} == set()


def test_the_command_makes_a_shop_and_drops_it() -> None:
    done = bench(*NAMES, "--json", "--members", "100", "--orders", "300")
    results = orjson.loads(done.stdout)
    assert {result["name"].split(":")[0] for result in results} == {"statement_100k", "list", "screens", "audit"}


def test_an_unknown_name_is_refused_at_once() -> None:
    done = bench("nothing")
    assert done.returncode == 2
    assert b"login" in done.stderr


def load(client_cpu: float, idle_cores: float, refused: int = 0) -> Load:
    return Load(10, 10, 1.0, client_cpu, idle_cores, refused, "HTTP/1.1 409", 1.0, 2.0, 3.0)


def test_a_client_that_is_the_bottleneck_fails_the_run() -> None:
    check(load(0.9, 0.0))  # the server's cores are busy too, so the client is not the only bottleneck
    check(load(0.3, 1.5))
    with pytest.raises(ClientTooSlow, match="90% of a core"):
        check(load(0.9, 1.0))


def test_refused_requests_are_no_work_done() -> None:
    with pytest.raises(EngineError, match=r"3 of 10 .* 409"):
        check(load(0.1, 0.0, refused=3))
