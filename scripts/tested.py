"""Records on which code the tests last passed, so that they do not run twice on the same code.

There are two records. `.tests-passed` belongs to this checkout: all tests passed on exactly this code, with or without
coverage. `scripts/covered.json` is committed: on this `server/` and `tests/` all tests passed with coverage, and every
file reached its floor. It also names the commit that `./scripts/test fast` compares with.

    python -m scripts.tested                 exit code 0: all tests passed on the current code
    python -m scripts.tested --covered       exit code 0: they passed with coverage, and every floor was reached
    python -m scripts.tested --print         print the fingerprint of the code; call it before a run
    python -m scripts.tested --record CODE [--covered]
                                             record that all tests passed on that code; `--covered` needs it unchanged
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from scripts.files import ROOT, project_files

_TEXTS = {".md"}
"""Changes in documents do not affect the tests."""
_COVERED = "scripts/covered.json"
_MEASURED = ("server", "tests")


def fingerprint(root: Path = ROOT, places: tuple[str, ...] = ()) -> str:
    """Return a hash of the names and contents of all files that tests may depend on, or of those in some folders."""
    whole = hashlib.sha256()
    for path in project_files(root):
        name = path.relative_to(root)
        if path.suffix in _TEXTS or name.as_posix() == _COVERED or (places and name.parts[0] not in places):
            continue
        whole.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def covered(root: Path = ROOT) -> dict[str, str]:
    """Return the committed record: `fingerprint` and `commit`, both empty if there is none."""
    path = root / _COVERED
    return json.loads(path.read_text("utf-8")) if path.exists() else {"fingerprint": "", "commit": ""}


def _record(root: Path, code: str, *, with_coverage: bool) -> None:
    (root / ".tests-passed").write_text(code)
    if with_coverage and code == fingerprint(root):
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)  # noqa: S607
        found = {"commit": commit.stdout.strip(), "fingerprint": fingerprint(root, _MEASURED)}
        (root / _COVERED).write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Return the exit code."""
    match arguments:
        case ["--print"]:
            print(fingerprint(root))
        case ["--record", code, *more]:
            _record(root, code, with_coverage=more == ["--covered"])
        case ["--covered"]:
            return 0 if covered(root)["fingerprint"] == fingerprint(root, _MEASURED) else 1
        case _:
            record = root / ".tests-passed"
            return 0 if record.exists() and record.read_text() == fingerprint(root) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
