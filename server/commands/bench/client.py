"""The load client: one process, raw sockets, prepared requests. It must never be the bottleneck.

Run as `python -m server.commands.bench.client HOST PORT CONNECTIONS SECONDS FILE MODE`: FILE holds requests, each
after its length (4 bytes, little endian); MODE is `again` (start over at the end) or `once` (stop there). Each
connection sends one request at a time and reads the whole answer. Prints one JSON object, see `stage.Load`.
"""

import array
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_LENGTH = struct.Struct("<I")
_READ_BYTES = 1 << 18
_WAIT_S = 30.0
_BETWEEN_S = 0.02
_CONTENT_LENGTH = b"content-length: "


def write_requests(path: Path, requests: list[bytes]) -> None:
    """Store requests in the format that the client reads."""
    path.write_bytes(b"".join(_LENGTH.pack(len(request)) + request for request in requests))


def read_requests(path: Path) -> list[bytes]:
    """Return the stored requests."""
    stored, requests, at = path.read_bytes(), [], 0
    while at < len(stored):
        (length,) = _LENGTH.unpack_from(stored, at)
        at += _LENGTH.size + length
        requests.append(stored[at - length : at])
    return requests


def _is_whole(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = answer.find(_CONTENT_LENGTH, 0, head)
    if at < 0:  # 204
        return True
    return len(answer) >= head + 4 + int(answer[at + len(_CONTENT_LENGTH) : answer.find(b"\r", at)])


def _take(requests: list[bytes], *, once: bool) -> Iterator[bytes]:
    while True:
        yield from requests
        if once:
            return


def _idle_s() -> float:
    """Return how many seconds the machine's cores have been idle, all cores added."""
    fields = Path("/proc/stat").read_text("ascii").split(None, 6)
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


class _Driver:
    """Keeps connections busy: each sends its next request when the answer to its last request is complete."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._poll = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        self._began: dict[int, float] = {}
        self._parts: dict[int, bytes] = {}
        self.waits = array.array("d")
        self.refused = 0
        self.first_refused = ""

    def connect(self, address: tuple[str, int]) -> None:
        """Open one more connection and send its first request."""
        connection = socket.create_connection(address, timeout=_WAIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = connection.fileno()
        self._connections[number] = connection
        self._parts[number] = b""
        self._poll.register(number, select.EPOLLIN)
        self._send(number)

    def _send(self, number: int) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._began[number] = time.perf_counter()
            self._connections[number].sendall(request)

    def run(self, until: float, *, drain: bool) -> None:
        """Run until that time, or until no requests are left; with `drain`, then wait for the last answers."""
        now, began, connections, parts = time.perf_counter, self._began, self._connections, self._parts
        while began and (drain or now() < until):
            ready = self._poll.poll(_WAIT_S if drain else max(0.0, until - now()))
            if drain and not ready:
                raise SystemExit(f"no answer for {_WAIT_S} s")
            for number, _ in ready:
                received = connections[number].recv(_READ_BYTES)
                if not received:
                    raise SystemExit("a connection was closed by the server")
                answer = parts[number] + received
                if not _is_whole(answer):
                    parts[number] = answer
                    continue
                parts[number] = b""
                moment = now()
                self.waits.append(moment - began.pop(number))
                if answer[9:10] != b"2":
                    self.refused += 1
                    self.first_refused = self.first_refused or answer.decode("utf-8", "replace")
                if not drain or moment < until:
                    self._send(number)


def drive(address: tuple[str, int], count: int, seconds: float, requests: Iterator[bytes]) -> dict[str, object]:
    """Keep `count` connections busy for `seconds`, or until no requests are left; return what happened.

    The connections open one after the other under load, so that all server processes get some. Without load, one awake
    process would take them all. Until all are open, requests count only in `sent`.
    """
    driver = _Driver(requests)
    for _ in range(count):
        driver.connect(address)
        driver.run(time.perf_counter() + _BETWEEN_S, drain=False)
    before = len(driver.waits)
    del driver.waits[:]
    idle, cpu, start = _idle_s(), time.process_time(), time.perf_counter()
    driver.run(start + seconds, drain=True)
    took = time.perf_counter() - start
    return {
        "done": len(driver.waits),
        "sent": before + len(driver.waits),
        "seconds": took,
        "client_cpu": (time.process_time() - cpu) / took,
        "idle_cores": (_idle_s() - idle) / took,
        "refused": driver.refused,
        "first_refused": driver.first_refused,
        **_percentiles(sorted(driver.waits)),
    }


def _percentiles(waits: list[float]) -> dict[str, float]:
    return {f"p{rank}_ms": waits[min(len(waits) - 1, len(waits) * rank // 100)] * 1000 for rank in (50, 95, 99)}


def main() -> None:
    """Run with the arguments of the command line."""
    host, port, connections, seconds, path, mode = sys.argv[1:]
    requests = _take(read_requests(Path(path)), once=mode == "once")
    print(json.dumps(drive((host, int(port)), int(connections), float(seconds), requests)))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
