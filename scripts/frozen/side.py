"""One side of a comparison of speed: runs the benches of the checkout in which it runs, one load per line of input.

Run as `python -P side.py FOLDER ROUNDS SECONDS NAME…` in the root of a checkout that is on PYTHONPATH; its data goes
below FOLDER. It prints one JSON object per line: first `{"ready": true}`, then the next sample for each line of input,
and `{"end": true}` when no sample is left. Each bench has one round more than asked, to warm up.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from server.commands.bench import benches, flash, report, stage
from server.commands.bench.benches import Length, Result, Subject
from server.commands.bench.stage import Load, Stage
from server.embedded import EngineError

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_ENGINES = {"postgres": "postgres", "valkey-server": "redis", "redis-server": "redis"}
"""The part of the mall by the name of its main process."""


class Measured(Stage):
    """The stage of a bench that also stores what each part of the mall used in the last load."""

    used: dict[str, Any]

    async def load(
        self, port: int, requests: list[bytes], seconds: float, *, once: bool = False, refused: bool = False
    ) -> Load:
        """Send the load as the stage does."""
        before = cpu_ms(self)
        load = await super().load(port, requests, seconds, once=once, refused=refused)
        after = cpu_ms(self)
        spent = {part: (after[part] - before.get(part, 0)) / load.sent for part in after}
        client_ms = load.client_cpu * load.seconds * 1000 / load.done
        last.update({"cpu_ms": spent, "client_ms": client_ms, "p50_ms": load.p50_ms, "per_second": load.per_second})
        return load


last: dict[str, Any] = {}
"""What the last load used. Loads never run at the same time."""


def cpu_ms(of: Stage) -> dict[str, float]:
    """Return the CPU time in ms (user and system) of API, PostgreSQL, worker and Redis so far. Raises EngineError."""
    found = dict.fromkeys(("api", "postgres", "worker", "redis"), 0.0)
    for root in of.serving:
        try:
            name = Path(f"/proc/{root}/comm").read_text("ascii").strip()
        except FileNotFoundError:
            raise EngineError(f"process {root} of the mall ended: what comes after it would not be counted") from None
        part = "worker" if root in of.workers else _ENGINES.get(name, "api")
        found[part] += sum(_ticks(pid) for pid in _tree(root)) * 1000 / _TICKS_A_SECOND
    return found


def _ticks(pid: int) -> int:
    """Return the CPU ticks of a process and of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended, and its parent counts it
    return sum(map(int, fields[11:15]))


def _tree(root: int) -> Iterator[int]:
    yield root
    try:
        tasks = [task.read_text("ascii") for task in Path(f"/proc/{root}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in " ".join(tasks).split():
        yield from _tree(int(child))


async def measure(names: list[str], length: Length) -> None:
    """Run the named benches on one mall. Raises EngineError."""
    async with stage.running() as bare:
        measured = Measured(**{field.name: getattr(bare, field.name) for field in fields(bare)})
        tell({"ready": True})
        for name in names:
            await report.BENCHES[name](measured, length)
        await wait_for_turn()
        tell({"end": True})


async def take_turns(name: str, stage: Stage, length: Length, subject: Subject, _limit: object) -> Result:
    """Replace the benches' comparison with a limit: run one load when it is this side's turn, then wait for jobs."""
    for _ in range(length.rounds):
        await wait_for_turn()
        await subject(stage, length.seconds)
        await stage.shop.rest()  # the other side comes next, and our worker must not use its CPU
        tell({"name": name, **last})
    nothing = dict.fromkeys(Result.__struct_fields__)
    return Result(**nothing | {"name": name})  # type: ignore[arg-type] # nobody reads it


async def wait_for_turn() -> None:
    """Wait until a line comes in; the end of the input ends the process."""
    if not await asyncio.to_thread(sys.stdin.readline):
        raise SystemExit("the comparison is gone")


def tell(what: dict[str, Any]) -> None:
    """Print one line of output."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run with the arguments of the command line."""
    folder, rounds, seconds, *names = sys.argv[1:]
    vars(stage)["DEFAULT_DATA"] = Path(folder, ".data")
    for room in (benches, flash):
        vars(room)["compare"] = take_turns
    try:
        asyncio.run(measure(names, Length(int(rounds) + 1, int(seconds))))
    except EngineError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
