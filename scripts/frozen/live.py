"""The current records of this checkout: four from the code alone, one from a database."""

import tempfile
from pathlib import Path
from typing import Any

from scripts.files import ROOT
from scripts.frozen import catalogue, jobs, keys, routes
from server import schema
from server.embedded import Engines


def of_code(root: Path = ROOT) -> dict[str, Any]:
    """Return the records that need no database: the OpenAPI document, and the objects of routes, jobs and keys."""
    return {
        "openapi": routes.document(),
        "routes": routes.objects(),
        "jobs": jobs.objects(root),
        "keys": keys.objects(root),
    }


async def of_all(root: Path = ROOT) -> dict[str, Any]:
    """Return all records; a temporary database is made for the last one. Raises EngineError."""
    with tempfile.TemporaryDirectory() as folder, Engines(Path(folder), durable=False) as engines:
        found = engines.start()
        await schema.migrate(found.database_owner_url, found.database_url)
        return of_code(root) | {"catalogue": await catalogue.objects(found.database_owner_url)}
