"""A copy of the project in which defects are planted and tests run. The checkout itself never changes."""

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
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from scripts.files import project_files
from scripts.mutants.listed import Mutant
from server.core.clock import stopwatch
from server.embedded import Engines

_LIMIT_S = 900
"""A run of a few tests never takes longer, even on a busy machine."""
_WARM = Path(__file__).with_name("warm.py")
LIBRARIES = (
    *("arq", "cryptography.x509", "httpx", "hypothesis.strategies", "jinja2", "msgspec", "openpyxl", "orjson"),
    *("PIL.Image", "prometheus_client", "pytest_asyncio.plugin", "redis.asyncio", "rjieba", "sanic", "schemathesis"),
    *("schemathesis.pytest.plugin", "segno", "tortoise.contrib.postgres.fields", "tortoise.migrations.executor"),
    *("typer", "wechatpayv3.async_", "xdist.plugin"),
)
"""Most tests import these, and the imports take seconds."""
_MIGRATION = "server/migrations/0001_initial.py"
_MAKE_MIGRATION = (sys.executable, "-m", "scripts.initial_migration")
_QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:unraisableexception")
"""Modules that are already loaded cannot be rewritten, and need not be. A failed test may leave connections open; a
warning about that at the end of the run would hide the failure."""
_PURE = re.compile(r"tests/(core|rules)/|tests/ledger/test_entries.py")
"""Tests of plain values. They need no engines, and not what conftest.py imports for other tests."""


class Verdict(StrEnum):
    """The result of the tests."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    """They did not run: an import failed, a test does not exist, or they did not end."""


_VERDICTS = {0: Verdict.PASSED, 1: Verdict.FAILED}
"""The meaning of pytest's exit codes. All others mean that pytest could not run the tests."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of tests; `output` is pytest's output."""

    verdict: Verdict
    seconds: float
    output: str

    def doubts(self, tests: Iterable[str]) -> bool:
        """Whether one of these tests may have failed in this run."""
        failed = [line.split(" ", 1)[1] for line in self.output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return self.verdict is Verdict.BROKEN or any(name.startswith(test) for name in failed for test in tests)

    @property
    def tail(self) -> str:
        """The last lines of pytest's output."""
        return "\n".join(self.output.strip().splitlines()[-15:])


def copy(root: Path, to: Path) -> None:
    """Copy the project's own files, without generated and downloaded ones."""
    for path in project_files(root):
        target = to / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


@contextlib.contextmanager
def planted(mutant: Mutant, copied: Path) -> Iterator[None]:
    """Plant the defect in the copy during the block; one in SQL also in the migration that is made of it.

    Raises ValueError if it does not fit, subprocess.CalledProcessError if no migration can be made of it.
    """
    path = copied / mutant.file
    text = mutant.planted(path.read_text("utf-8"))
    files = (path, copied / _MIGRATION) if mutant.is_sql else (path,)
    before = {file: file.read_bytes() for file in files}
    try:
        path.write_text(text, encoding="utf-8")
        if mutant.is_sql:
            subprocess.run(_MAKE_MIGRATION, cwd=copied, check=True, capture_output=True, text=True)
        for file in files:
            _forget_compiled(file)
        yield
    finally:
        for file, content in before.items():
            file.write_bytes(content)
            _forget_compiled(file)


def _forget_compiled(path: Path) -> None:
    """Delete the byte code. Python recognises a change only by size and second; two defects may share a second."""
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def are_pure(tests: Iterable[str]) -> bool:
    """Whether these are all tests of plain values: fast, and without engines."""
    return all(_PURE.match(test) for test in tests)


@contextlib.contextmanager
def engines(tests: Iterable[str], folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of all runs. Engines are started unless the environment has some or no test needs them.

    Runs copy a migrated database, so all of them need the same two roles: the environment must have both.
    """
    environment = dict(os.environ)
    named = all(environment.get(name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"))
    if named or are_pure(tests):
        yield environment
        return
    with Engines(folder, durable=False) as running:
        found = running.start()
        yield environment | {
            "DATABASE_URL": found.database_url,
            "DATABASE_OWNER_URL": found.database_owner_url,
            "REDIS_URL": found.redis_url,
        }


class Runner:
    """Runs tests in the copy, each run in a fork of one process with loaded libraries. A context manager."""

    def __init__(self, copied: Path, environment: dict[str, str], libraries: Sequence[str] = LIBRARIES) -> None:
        """Prepare only; the process starts when the context is entered."""
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
        """End the process."""
        self._process.communicate()

    def migrate(self) -> None:
        """Make a migrated database that later runs copy. Raises RuntimeError if that fails."""
        done, database = self._made()
        if done.verdict is not Verdict.PASSED:
            raise RuntimeError(done.tail)
        self._migrated = database

    def _made(self) -> tuple[Run, str]:
        database = f"tuisan_mutants_{secrets.token_hex(4)}"
        return self._ordered(do="migrate", database=database), database

    def run(self, tests: Sequence[str], *, first: bool = True, migrated: bool = True) -> Run:
        """Run tests until the first failure, or all of them; with `migrated=False` each database is really migrated.

        If no database can be made, the run is broken: every test would fail, whatever it is about.
        """
        alone = ["--noconftest"] if are_pure(tests) else []
        if not migrated and not alone:
            made, _ = self._made()
            if made.verdict is not Verdict.PASSED:
                return replace(made, verdict=Verdict.BROKEN)
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
