"""Whether all tests passed on exactly the code that lies here, so that nothing runs them twice.

`--print` gives the code's fingerprint before a full run, `--record FINGERPRINT` keeps it once all passed (an edit made
meanwhile then counts as untested); without arguments the exit code is 0 when nothing changed since.
"""

import hashlib
import sys
from pathlib import Path

from scripts.files import ROOT, project_files

_TEXTS = {".md"}
"""Documents do not change what the tests find."""


def fingerprint(root: Path = ROOT) -> str:
    """One hash over the names and contents of all files that tests may depend on."""
    whole = hashlib.sha256()
    for path in project_files(root):
        if path.suffix not in _TEXTS:
            whole.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()


def _of_one_run(data: Path, record: Path) -> bool:
    """Whether both are there and no later, partial run has written the coverage data anew."""
    return data.exists() and record.exists() and data.stat().st_mtime <= record.stat().st_mtime


def main(arguments: list[str], root: Path = ROOT) -> int:
    """The exit code."""
    record = root / ".coverage-passed"
    if arguments == ["--print"]:
        print(fingerprint(root))
        return 0
    if arguments:
        record.write_text(arguments[1])
        return 0
    return 0 if _of_one_run(root / ".coverage", record) and record.read_text() == fingerprint(root) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
