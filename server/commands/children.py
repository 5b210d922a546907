"""The processes a mall is made of."""

import socket
from collections.abc import Mapping

from server.commands.roles import LISTEN_FD
from server.commands.supervisor import Child

NUMBERS_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""In the environment of API processes: the empty folder in which they count together for `/metrics`."""


def api(listening: socket.socket, count: int, environment: Mapping[str, str]) -> list[Child]:
    """API processes that share one listening socket."""
    return [_listening(f"api-{number + 1}", "api", listening, environment) for number in range(count)]


def sandbox(listening: socket.socket, environment: Mapping[str, str]) -> list[Child]:
    """The WeChat sandbox."""
    return [_listening("sandbox", "sandbox", listening, environment)]


def workers(count: int, environment: Mapping[str, str]) -> list[Child]:
    """Worker processes."""
    return [Child(f"worker-{number + 1}", "server.commands.roles.worker", environment) for number in range(count)]


def _listening(name: str, role: str, listening: socket.socket, environment: Mapping[str, str]) -> Child:
    named = {**environment, LISTEN_FD: str(listening.fileno())}
    return Child(name, f"server.commands.roles.{role}", named, (listening.fileno(),))
