"""Plants each defect, runs its tests, removes it again, and reports what the tests noticed.

The tests of a defect must notice it. If they do not, a test is missing there.
"""

import argparse
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.files import ROOT
from scripts.mutants.listed import Listed, Mutant, changed_since, misfit, read
from scripts.mutants.planting import LIBRARIES, Run, Runner, Verdict, are_pure, copy, engines, planted
from server.core.clock import stopwatch

_WORDS = {Verdict.FAILED: "caught", Verdict.PASSED: "NOT CAUGHT", Verdict.BROKEN: "BROKEN"}
_GOOD = _WORDS[Verdict.FAILED]
_SCHEMA = ("server/migrations/", "server/schema.py", "server/models/rights.py")
"""Only a database that is made with such a defect can show it."""


def main(arguments: Sequence[str], root: Path = ROOT, libraries: Sequence[str] = LIBRARIES) -> int:
    """Print the findings one by one; return 0 when every chosen defect was noticed.

    `libraries` are loaded once for all runs of tests.
    """
    asked = _parser().parse_args(arguments)
    try:
        chosen = _chosen(read(root), asked, root)
    except (ValueError, subprocess.CalledProcessError) as error:
        print(f"mutants: {error}")
        return 2
    if asked.list:
        for one in chosen:
            print(one)
        print(f"mutants: {len(chosen)} in {len({one.room for one in chosen})} rooms")
        return 0
    return _tried(chosen, root, libraries)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print which defects would be planted, and plant nothing")
    parser.add_argument("--room", nargs="+", help="only the defects of these rooms; ROOM:NUMBER is one of them")
    parser.add_argument("--pure", action="store_true", help="only defects whose tests need no engines; these are fast")
    parser.add_argument("--file", help="only the defects of files whose path contains this text")
    parser.add_argument(
        "--changed",
        metavar="COMMIT",
        nargs="?",
        const="HEAD",
        help="only defects whose file, tests or entry differ from this commit (by default HEAD)",
    )
    return parser


def _chosen(listed: list[Listed], asked: argparse.Namespace, root: Path) -> list[Listed]:
    """Return the defects that were asked for. Raises ValueError if a room or defect does not exist."""
    if asked.room:
        known = {one.room for one in listed} | {f"{one.room}:{one.number}" for one in listed}
        unknown = set(asked.room) - known
        if unknown:
            msg = f"there is no room {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        listed = [one for one in listed if not {one.room, f"{one.room}:{one.number}"}.isdisjoint(asked.room)]
    if asked.file:
        listed = [one for one in listed if asked.file in one.mutant.file]
    if asked.pure:
        listed = [one for one in listed if are_pure(one.mutant.tests)]
    return changed_since(asked.changed, listed, root) if asked.changed else listed


def _tried(chosen: list[Listed], root: Path, libraries: Sequence[str]) -> int:
    started = stopwatch()
    found: Counter[str] = Counter()
    fit: list[Listed] = []
    for one in chosen:
        wrong = misfit(one.mutant, root)
        if wrong is None:
            fit.append(one)
        else:
            _say(found, "UNFIT", one, 0, wrong)
    if fit:
        _plant(fit, root, libraries, found)
    sums = ", ".join(f"{count} {word}" for word, count in sorted(found.items()))
    print(f"mutants: {len(chosen)} listed, {sums or 'none to plant'}; {stopwatch() - started:.0f} s")
    return 0 if found.total() == found[_GOOD] else 1


def _plant(fit: list[Listed], root: Path, libraries: Sequence[str], found: Counter[str]) -> None:
    every = _tests(fit)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copied = Path(folder, "copy")
        copy(root, copied)
        with engines(every, Path(folder, "engines")) as environment, Runner(copied, environment, libraries) as runner:
            if "DATABASE_OWNER_URL" in environment:
                runner.migrate()
            for one in _with_good_tests(fit, runner, found):
                done = _run(one.mutant, runner, copied)
                tail = done.tail if done.verdict is Verdict.BROKEN else ""
                _say(found, _WORDS[done.verdict], one, done.seconds, tail)


def _run(mutant: Mutant, runner: Runner, copied: Path) -> Run:
    with_schema = mutant.is_sql or mutant.file.startswith(_SCHEMA)
    try:
        with planted(mutant, copied):
            return runner.run(mutant.tests, migrated=not with_schema)
    except subprocess.CalledProcessError as error:
        return Run(Verdict.BROKEN, 0, error.stderr)


def _tests(listed: list[Listed]) -> list[str]:
    return sorted({name for one in listed for name in one.mutant.tests})


def _with_good_tests(fit: list[Listed], runner: Runner, found: Counter[str]) -> list[Listed]:
    """Return the defects whose tests pass without them. All tests run at once; each that fails runs again alone."""
    every = _tests(fit)
    whole = runner.run(every, first=False)
    print(f"{len(every)} tests and files of tests {whole.verdict} without a defect, {whole.seconds:.0f} s", flush=True)
    if whole.verdict is Verdict.PASSED:
        return fit
    print(whole.tail, flush=True)
    doubted = sorted({one.mutant.tests for one in fit if whole.doubts(one.mutant.tests)})
    alone = {tests: runner.run(tests) for tests in doubted}
    wrong = {tests for tests, done in alone.items() if done.verdict is not Verdict.PASSED}
    for one in fit:
        if one.mutant.tests in wrong:
            done = alone[one.mutant.tests]
            _say(found, "UNPROVED", one, done.seconds, f"its tests {done.verdict} without the defect, too\n{done.tail}")
    return [one for one in fit if one.mutant.tests not in wrong]


def _say(found: Counter[str], word: str, one: Listed, seconds: float, detail: str) -> None:
    found[word] += 1
    print(f"{word:<10} {seconds:6.1f} s  {one}", flush=True)
    for line in detail.splitlines():
        print(f"    {line}", flush=True)
