"""The speed of two checkouts: loads alternate, the first ones warm up, and what became much slower is reported."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from scripts.frozen.speed import (
    NAMES,
    Asked,
    Pair,
    Sample,
    Side,
    SideFailed,
    alternate,
    line_of,
    main,
    paired,
    problems,
    side,
)


def sample(name: str, api_ms: float, postgres_ms: float = 1.0, worker_ms: float = 0.0) -> Sample:
    cpu_ms = {"api": api_ms, "postgres": postgres_ms, "worker": worker_ms, "redis": 0.0}
    return Sample(name, cpu_ms, client_ms=0.1, p50_ms=5.0, per_second=200.0)


SAYING = """
import sys
name, log, *lines = sys.argv[1:]
for line in lines:
    sys.stdin.readline()
    with open(log, "a") as file:
        file.write(name)
    print(line, flush=True)
"""
END = '{"end": true}'


@contextmanager
def saying(name: str, log: Path, lines: list[str]) -> Iterator[Side]:
    """Start a process that prints one line per request and notes each request in `log`."""
    command = [sys.executable, "-c", SAYING, name, str(log), *lines]
    with (
        suppress(BrokenPipeError),  # it ends after its last line, perhaps before our last request
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        yield Side(Path(name), process)


def line(name: str) -> str:
    return json.dumps(asdict(sample(name, 1.0)))


def pair(old: list[float], new: list[float]) -> Pair:
    return Pair("place", tuple(sample("place", one) for one in old), tuple(sample("place", one) for one in new))


def test_the_first_round_of_each_operation_is_left_out() -> None:
    rounds = [9.0, 1.0, 2.0]
    given = [(sample(name, one), sample(name, one + 1)) for name in ("login", "place") for one in rounds]
    login, place = paired(given)
    assert (login.name, place.name) == ("login", "place")
    assert [one.cpu_ms["api"] for one in place.old] == [1.0, 2.0]
    assert [one.cpu_ms["api"] for one in login.new] == [2.0, 3.0]


def test_five_percent_more_cpu_are_borne_and_six_are_not() -> None:
    borne = pair([1.0, 1.0, 1.0], [1.1, 1.1, 1.1])
    assert borne.ratio == pytest.approx(1.05)
    assert list(problems([borne, pair([1.0, 1.0, 9.0], [0.5, 1.0, 1.0])])) == []
    assert list(problems([pair([1.0, 1.0, 0.1], [9.0, 1.12, 1.12])])) == [
        "place: 2.000 → 2.120 ms CPU per operation, 1.060 times, most 1.05"
    ]


def test_an_operation_is_told_in_one_line() -> None:
    assert line_of(pair([1.0, 2.0, 4.0], [2.0, 2.0, 1.0])) == (
        "place: CPU 3.000 (2.000–5.000) → 3.000 (2.000–3.000) ms per operation, ratio 1.000; API 2 → 2;"
        " PostgreSQL 1 → 1; worker 0 → 0; client 0.1 → 0.1; wall p50 5 → 5; a second 200 → 200"
    )


def test_cpu_of_the_worker_is_shown_and_not_held_against_the_change() -> None:
    old, new = sample("settle", 1.0, 2.0, 1.0), sample("settle", 1.0, 2.0, 50.0)
    assert old.counted_ms == new.counted_ms == 3.0
    assert replace(old, cpu_ms={**old.cpu_ms, "postgres": 4.0}).counted_ms == 5.0


def test_old_and_new_take_turns_until_both_are_through(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [line("list"), line("list"), END]
    with saying("o", log, lines) as old, saying("n", log, lines) as new:
        assert list(alternate(old, new)) == [(sample("list", 1.0), sample("list", 1.0))] * 2
    assert log.read_text() == "ononon"


def test_a_side_that_measures_something_else_or_ends_fails_plainly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with saying("o", log, [line("list")]) as old, saying("n", log, [line("place")]) as new:
        with pytest.raises(SideFailed, match="different operations: list and place"):
            list(alternate(old, new))
        with pytest.raises(SideFailed, match="o ended with 0 before it was through"):
            list(alternate(old, new))
    with (
        saying("o", log, [line("list"), line("list")]) as old,
        saying("n", log, [line("list"), END]) as new,
        pytest.raises(SideFailed, match="n measures fewer operations than o"),
    ):
        list(alternate(old, new))


def test_a_folder_that_is_no_checkout_fails_plainly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        side(tmp_path, Asked(tmp_path, NAMES, 5, 1), tmp_path) as broken,
        pytest.raises(SideFailed, match=f"{tmp_path.name} ended with 1 before"),
    ):
        broken.hear()
    assert "No module named 'server'" in capfd.readouterr().err


def test_a_comparison_with_no_checkout_ends_with_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(Asked(tmp_path / "nowhere", NAMES, 5, 1), tmp_path) == 2
    assert capfd.readouterr().out.startswith(f"{tmp_path / 'nowhere'} is not a checkout of this project")
    assert list(tmp_path.iterdir()) == []
