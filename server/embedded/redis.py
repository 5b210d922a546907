"""The Redis-compatible server (Valkey): append-only file, password, 127.0.0.1 only."""

import signal
import socket

from .processes import Kind

REDIS = Kind(title="Redis", program="valkey-server", pid_file="redis.pid", signals=(signal.SIGTERM,))
FOLDER = "redis"


def configuration(port: int, password: str, *, durable: bool) -> str:
    """Return the configuration, for standard input, so that the password is in no command line."""
    return "\n".join(
        (
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {password}",
            "dir ./",  # the working directory of the process
            f"pidfile ./{REDIS.pid_file}",
            "appendonly yes",
            f"appendfsync {'everysec' if durable else 'no'}",
            'save ""',
            # arq's job data have expiry times, so any eviction would lose jobs.
            "maxmemory-policy noeviction",
            "loglevel warning",
            "",
        )
    )


def url(port: int, password: str) -> str:
    """Return the URL of database 0."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def is_ready(port: int, password: str) -> bool:
    """Return whether it has loaded its data and accepts our password."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            reply = b""
            while reply.count(b"\r\n") < 2 and (part := connection.recv(256)):  # noqa: PLR2004 - two answers
                reply += part
    except OSError:  # not listening yet
        return False
    return reply == b"+OK\r\n+PONG\r\n"
