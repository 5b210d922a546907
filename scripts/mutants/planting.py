"""A scratch copy of the project in which defects are planted and tests run; the checkout itself is never touched."""

import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from scripts.files import project_files
from scripts.mutants.listed import Mutant
from server.core.clock import stopwatch
from server.embedded import Engines

_LIMIT_S = 900
"""No run of a few tests lasts longer, however busy the machine is."""
_WARM = Path(__file__).with_name("warm.py")
LIBRARIES = (
    *("arq", "cryptography.x509", "httpx", "hypothesis.strategies", "jinja2", "msgspec", "openpyxl", "orjson"),
    *("PIL.Image", "prometheus_client", "pytest_asyncio.plugin", "redis.asyncio", "rjieba", "sanic", "schemathesis"),
    *("schemathesis.pytest.plugin", "segno", "tortoise.contrib.postgres.fields", "tortoise.migrations.executor"),
    *("typer", "wechatpayv3.async_", "xdist.plugin"),
)
"""What most tests load, and takes them seconds."""
_QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:unraisableexception")
"""What is loaded already cannot be rewritten, and need not be. A failed test may leave connections open: to be told of
that at the end of the run would hide that it failed."""
_PURE = re.compile(r"tests/(core|rules)/|tests/ledger/test_entries.py")
"""Tests of plain values: they need neither engines nor what conftest.py loads for others."""


class Verdict(StrEnum):
    """How the tests took it."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    """They did not run: something cannot be imported, a test is not there, or they came to no end."""


_VERDICTS = {0: Verdict.PASSED, 1: Verdict.FAILED}
"""What pytest's exit codes mean; all others say that it could not run the tests."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of tests; `output` is what pytest said."""

    verdict: Verdict
    seconds: float
    output: str

    def doubts(self, tests: Iterable[str]) -> bool:
        """Whether one of these tests may have failed in it."""
        failed = [line.split(" ", 1)[1] for line in self.output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return self.verdict is Verdict.BROKEN or any(name.startswith(test) for name in failed for test in tests)

    @property
    def tail(self) -> str:
        """The last lines of what pytest said."""
        return "\n".join(self.output.strip().splitlines()[-15:])


def copy(root: Path, to: Path) -> None:
    """Copy the project's own files; what is made or downloaded stays behind."""
    for path in project_files(root):
        target = to / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


@contextlib.contextmanager
def planted(mutant: Mutant, copied: Path) -> Iterator[None]:
    """The defect stands in the copy while the block runs. Raises ValueError when it does not fit."""
    path = copied / mutant.file
    before = path.read_bytes()
    path.write_text(mutant.planted(before.decode("utf-8")), encoding="utf-8")
    try:
        _forget_compiled(path)
        yield
    finally:
        path.write_bytes(before)
        _forget_compiled(path)


def _forget_compiled(path: Path) -> None:
    """Python knows what it compiled by size and second alone: too little for two defects in one second."""
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def are_pure(tests: Iterable[str]) -> bool:
    """Whether these tests are of plain values only: quick, and without engines."""
    return all(_PURE.match(test) for test in tests)


@contextlib.contextmanager
def engines(tests: Iterable[str], folder: Path) -> Iterator[dict[str, str]]:
    """The environment of all runs: engines of their own unless the environment names some or no test needs them."""
    environment = dict(os.environ)
    named = environment.get("DATABASE_URL") and environment.get("REDIS_URL")
    if named or are_pure(tests):
        yield environment
        return
    with Engines(folder, durable=False) as running:
        found = running.start()
        yield environment | {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}


class Runner:
    """Runs tests in the copy, all in forks of one warm process; used as a context."""

    def __init__(self, copied: Path, environment: dict[str, str], libraries: Sequence[str] = LIBRARIES) -> None:
        """Nothing is started before the context is entered."""
        self._libraries = libraries
        self._copied = copied
        self._environment = environment
        self._process: subprocess.Popen[str]
        self._migrated: str | None = None

    def __enter__(self) -> Self:
        """Start the process."""
        self._process = subprocess.Popen(
            [sys.executable, str(_WARM), *self._libraries],
            cwd=self._copied,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.communicate()

    def migrate(self) -> None:
        """Make a migrated database, which later runs copy. Raises RuntimeError when it cannot be made."""
        database = f"tuisan_mutants_{secrets.token_hex(4)}"
        done = self._ordered(do="migrate", database=database)
        if done.verdict is not Verdict.PASSED:
            raise RuntimeError(done.tail)
        self._migrated = database

    def run(self, tests: Sequence[str], *, first: bool = True, migrated: bool = True) -> Run:
        """Run tests up to the first failure, or all of them; `migrated` False: databases are migrated anew."""
        alone = ["--noconftest"] if are_pure(tests) else []
        arguments = ["-q", "-p", "no:cacheprovider", "--tb=short", *_QUIET, *alone, *["-x"] * first, *tests]
        database = self._migrated if migrated and not alone else None
        return self._ordered(do="test", arguments=arguments, migrated=database)

    def _ordered(self, **order: object) -> Run:
        output = self._copied.parent / "output"
        started = stopwatch()
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        stdin.write(json.dumps({"output": str(output), "limit_s": _LIMIT_S, **order}) + "\n")
        stdin.flush()
        code = int(stdout.readline())
        return Run(_VERDICTS.get(code, Verdict.BROKEN), stopwatch() - started, output.read_text("utf-8", "replace"))
