"""What the verbs need: settings from the environment or from a development mall's folder, and the parts from them."""

import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import orjson
import typer

from server.commands.environment import CLOCK_FILE, development_environment
from server.core.unfit import UnfitDatabaseError, UnfitKeysError, UnfitRoleError
from server.embedded import EngineError, Engines, addresses, running
from server.gateways.ports import Deps
from server.settings import Settings, SettingsError

DEFAULT_DATA = Path(__file__).resolve().parents[2] / ".data"
PLACES_FILE = "places.json"
"""The settings under which a `dev` of this data folder listens or last listened, by name."""


def environment_of(data: Path, places: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a development mall's processes: its folder's settings, mixed with this process's.

    This process's variables replace identity, keys and `places` (settings with addresses), but not the engines and the
    clock of the folder.
    """
    ours = {name: value for name, value in os.environ.items() if value.strip()}
    own = {"TUISAN_ENV": "development", "DATA_DIR": str(data), "CLOCK_FILE": str(data / CLOCK_FILE)}
    engines = addresses(data)
    if engines is not None:
        own |= {
            "DATABASE_URL": engines.database_url,
            "DATABASE_OWNER_URL": engines.database_owner_url,
            "REDIS_URL": engines.redis_url,
        }
    return {**development_environment(data), **places, **ours, **own}


def keep_places(data: Path, places: Mapping[str, str]) -> None:
    """Store where this mall listens, for verbs that work on its folder."""
    (data / PLACES_FILE).write_bytes(orjson.dumps(dict(places), option=orjson.OPT_INDENT_2))


def places_of(data: Path) -> dict[str, str]:
    """Return where the folder's mall listens or last listened. Raises EngineError if there never was one."""
    if addresses(data) is None or not (data / PLACES_FILE).exists():
        raise EngineError(f"{data} holds no mall yet: start one with `dev`")
    places: dict[str, str] = orjson.loads((data / PLACES_FILE).read_bytes())
    return places


@contextlib.contextmanager
def resolve(data: Path | None = None) -> Iterator[Settings]:
    """Yield the settings for one command: from `data`, else from the environment, else from `dev`'s default folder.

    If the folder's `dev` is not running, its engines run during the block. Raises SettingsError, EngineError.
    """
    if data is None and os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield Settings.from_env(os.environ)
        return
    folder = (data or DEFAULT_DATA).absolute()
    places = places_of(folder)
    with contextlib.ExitStack() as engines:
        if not running(folder):
            engines.enter_context(Engines(folder))
        yield Settings.from_env(environment_of(folder, places))


def run(
    data: Path | None,
    main: Callable[[Deps], Awaitable[int | None]],
    *,
    in_production: bool = True,
    as_owner: bool = False,
) -> None:
    """Run a command with all parts and exit with its code (None is 0); exit with 2 if settings or database do not fit.

    `in_production=False` is for commands that must never touch the data of real members, `as_owner` for those that do
    what only the owner of the tables may.
    """
    import uvloop

    from server import schema, wiring

    async def with_parts(settings: Settings) -> int:
        async with wiring.build_deps(settings) as deps:
            await schema.refuse_unfit()
            if not as_owner:
                await schema.refuse_unfit_role()
            return await main(deps) or 0

    with told_plainly(), resolve(data) as settings:
        if settings.production and not in_production:
            raise SettingsError(("TUISAN_ENV: 只能在 development 中运行 not in production",))
        chosen = replace(settings, database_url=settings.owner_url) if as_owner else settings
        code = uvloop.run(with_parts(chosen))
    raise typer.Exit(code)


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Print problems with settings, keys, engines or database on standard error, without a trace, and exit with 2."""
    try:
        yield
    except SettingsError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
    except (EngineError, UnfitDatabaseError, UnfitKeysError, UnfitRoleError) as error:
        sys.stderr.write(f"{error}\n")
    else:
        return
    raise typer.Exit(2)
