"""The kept ratios of `python -m server bench`: what each bench does, as a share of its limit on the same machine.

A ratio hardly depends on the machine, so later work is held to it: `python -m scripts.frozen ratios` measures anew and
compares, `--write` keeps the new figures.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.files import ROOT

KEPT = Path("scripts/frozen/records/ratios.json")
LEAST = 0.75
"""How much of the kept ratio must be left: between runs on one machine ratios move by about a fifth."""


class BenchFailed(Exception):  # noqa: N818 - what happened
    """A bench could not be run; the text is what it said."""


def main(names: Sequence[str], *, write: bool, root: Path = ROOT) -> int:
    """The exit code; the figures are printed."""
    now = measured(names, root)
    if write:
        (root / KEPT).write_text(written({**read(root), **now}), encoding="utf-8")
        return 0
    kept = read(root)
    Console().print(_table(kept, now))
    worse = list(problems(kept, now))
    for sentence in worse:
        print(sentence)
    return 1 if worse else 0


def measured(names: Sequence[str], root: Path = ROOT) -> dict[str, dict[str, float]]:
    """Run these benches (none: all); return `ratio` and `cpu_ms_per_op` by name. Raises BenchFailed."""
    command = (sys.executable, "-m", "server", "bench", *names, "--json", "--rounds", "3", "--seconds", "3")
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(done.stderr.strip())
    return figures(json.loads(done.stdout))


def figures(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what is kept of the results of benches: their figures that are there, by name."""
    found = {
        one["name"]: {name: one[name] for name in ("ratio", "cpu_ms_per_op") if one[name] is not None}
        for one in results
    }
    return {name: figure for name, figure in found.items() if figure}


def problems(kept: Mapping[str, Mapping[str, float]], now: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield one sentence for each bench whose ratio is much worse than the kept one."""
    for name, found in now.items():
        before, after = kept.get(name, {}).get("ratio"), found.get("ratio")
        if before is not None and after is not None and after < before * LEAST:
            yield f"{name}: the ratio was {before:.2f} and is {after:.2f} now"


def read(root: Path = ROOT) -> dict[str, dict[str, float]]:
    """Return the kept figures by name."""
    return dict(json.loads((root / KEPT).read_text(encoding="utf-8")))


def written(kept: Mapping[str, Mapping[str, float]]) -> str:
    """Return the kept figures as the text of the file, one line a bench."""
    rows = {name: {key: round(value, 3) for key, value in found.items()} for name, found in sorted(kept.items())}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in rows.items())
    return f"{{\n{lines}\n}}\n"


def _table(kept: Mapping[str, Mapping[str, float]], now: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table("bench", "kept ratio", "ratio", "kept CPU ms", "CPU ms", box=None)
    for name, found in now.items():
        before = kept.get(name, {})
        pairs = ((before.get(key), found.get(key)) for key in ("ratio", "cpu_ms_per_op"))
        table.add_row(name, *("" if one is None else f"{one:.2f}" for pair in pairs for one in pair))
    return table
