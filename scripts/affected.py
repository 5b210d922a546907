"""Prints the tests for the nouns that changed since a commit, one path per line, for `./scripts/test fast`.

If `server/handlers/shop/coupons.py` or `server/services/coupons/claims.py` changed, every test file and folder named
`coupons` is printed. Pure tests are always printed, because they take only seconds.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scripts.files import ROOT
from scripts.tested import covered

PURE = ("tests/core", "tests/drawing", "tests/lints", "tests/rules", "tests/scripts")
_SLOW = ("tests/bench", "tests/browser", "tests/faults", "tests/races", "tests/seed", "tests/support")
"""Only a whole run includes these."""
_FLOORS = {
    "server",
    "handlers",
    "shop",
    "admin",
    "services",
    "models",
    "jobs",
    "gateways",
    "rules",
    "core",
    "functions",
}
"""Words of a path that are not nouns."""
_MAIN_STORY = "tests/stories/test_main_story.py"


def changed(since: str, root: Path = ROOT) -> list[str]:
    """Return the files that differ from the commit or are new. Raises CalledProcessError if git does not know it."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)  # noqa: S607
        return done.stdout.splitlines()

    return [*git("diff", "--name-only", since), *git("ls-files", "--others", "--exclude-standard")]


def rooms(files: Iterable[str]) -> set[str]:
    """Return the nouns of the server's changed files."""
    found: set[str] = set()
    for file in map(PurePosixPath, files):
        if file.parts[0] == "server" and file.suffix in {".py", ".sql", ".html"}:
            words = (file.stem, *file.parts[1:-1])
            found.update(word for word in words if word not in _FLOORS and not word.startswith("_"))
    return found


def affected(files: list[str], tests: Iterable[str]) -> Iterator[str]:
    """Yield the tests that changed, the tests of changed nouns, and always one long story."""
    nouns = rooms(files)
    for test in tests:
        path = PurePosixPath(test)
        words = {path.stem.removeprefix("test_"), *path.parts[2:-1]}
        if not test.startswith((*PURE, *_SLOW)) and (test in files or test == _MAIN_STORY or words & nouns):
            yield test


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Print the paths, the pure ones first; return the exit code."""
    since = arguments[0] if arguments else covered(root)["commit"]
    if not since:
        print("nothing was proved whole yet: name a commit", file=sys.stderr)
        return 1
    tests = sorted(path.relative_to(root).as_posix() for path in (root / "tests").rglob("test_*.py"))
    for path in (*(place for place in PURE if (root / place).exists()), *affected(changed(since, root), tests)):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
