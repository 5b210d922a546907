"""Every job by its name: what stands in `outbox.job` is looked up here."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from server.gateways.ports import Deps

Body: TypeAlias = Callable[[Deps, dict[str, Any]], Awaitable[None]]
"""Unpacks its arguments and makes one service call. It may run twice and changes nothing the second time: by locks
and unique keys in the database. It raises when it must be tried again."""

JOBS: dict[str, Body] = {}
"""A name that was ever written stays here until no row carries it any more."""
