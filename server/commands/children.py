"""The processes of a mall."""

import socket
from collections.abc import Mapping

from server.commands.roles import LISTEN_FD
from server.commands.supervisor import Child

NUMBERS_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names an empty folder, in which API processes add up their numbers for `/metrics`."""

_NO_OWNER = {"DATABASE_OWNER_URL": ""}
"""No process that serves knows the password of the tables' owner, not even under `dev`."""


def api(listening: socket.socket, count: int, environment: Mapping[str, str]) -> list[Child]:
    """Return API processes that share one listening socket."""
    return [_listening(f"api-{number + 1}", "api", listening, environment) for number in range(count)]


def sandbox(listening: socket.socket, environment: Mapping[str, str]) -> list[Child]:
    """Return the WeChat sandbox."""
    return [_listening("sandbox", "sandbox", listening, environment)]


def workers(count: int, environment: Mapping[str, str]) -> list[Child]:
    """Return worker processes."""
    named = {**environment, **_NO_OWNER}
    return [Child(f"worker-{number + 1}", "server.commands.roles.worker", named) for number in range(count)]


def _listening(name: str, role: str, listening: socket.socket, environment: Mapping[str, str]) -> Child:
    named = {**environment, **_NO_OWNER, LISTEN_FD: str(listening.fileno())}
    return Child(name, f"server.commands.roles.{role}", named, (listening.fileno(),))
