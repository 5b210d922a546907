"""The load client: one process, raw sockets, requests made beforehand. It must never be what is measured.

Run as `python -m server.commands.bench.client HOST PORT CONNECTIONS SECONDS FILE MODE`: FILE holds requests, each
behind its length (4 bytes, little endian); MODE is `again` (start over at the end) or `once` (stop there). Answers are
read whole, one request at a time on each connection. Prints one JSON object, see `stage.Load`.
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
_CONTENT_LENGTH = b"content-length: "


def write_requests(path: Path, requests: list[bytes]) -> None:
    """Store requests as the client reads them."""
    path.write_bytes(b"".join(_LENGTH.pack(len(request)) + request for request in requests))


def read_requests(path: Path) -> list[bytes]:
    """The stored requests."""
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
    """Seconds that the machine's cores have been idle, summed."""
    fields = Path("/proc/stat").read_text("ascii").split(None, 6)
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def _connect(address: tuple[str, int], count: int) -> dict[int, socket.socket]:
    connections = {}
    for _ in range(count):
        connection = socket.create_connection(address, timeout=_WAIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[connection.fileno()] = connection
    return connections


def drive(address: tuple[str, int], count: int, seconds: float, requests: Iterator[bytes]) -> dict[str, object]:
    """Keep `count` connections busy for `seconds`, or until there are no more requests; what happened."""
    connections, poll, now = _connect(address, count), select.epoll(), time.perf_counter
    began, parts = dict.fromkeys(connections, 0.0), dict.fromkeys(connections, b"")
    waits, refused, first_refused, waiting = array.array("d"), 0, "", 0
    idle, cpu, start = _idle_s(), time.process_time(), now()
    until = start + seconds
    for number, connection in connections.items():
        request = next(requests, None)
        if request is not None:
            poll.register(number, select.EPOLLIN)
            began[number] = now()
            connection.sendall(request)
            waiting += 1
    while waiting:
        ready = poll.poll(_WAIT_S)
        if not ready:
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
            waits.append(moment - began[number])
            if answer[9:10] != b"2":
                refused += 1
                first_refused = first_refused or answer.decode("utf-8", "replace")
            request = next(requests, None) if moment < until else None
            if request is None:
                waiting -= 1
                continue
            began[number] = moment
            connections[number].sendall(request)
    took = now() - start
    return {
        "done": len(waits),
        "seconds": took,
        "client_cpu": (time.process_time() - cpu) / took,
        "idle_cores": (_idle_s() - idle) / took,
        "refused": refused,
        "first_refused": first_refused,
        **_percentiles(sorted(waits)),
    }


def _percentiles(waits: list[float]) -> dict[str, float]:
    return {f"p{rank}_ms": waits[min(len(waits) - 1, len(waits) * rank // 100)] * 1000 for rank in (50, 95, 99)}


def main() -> None:
    """Do what the command line says."""
    host, port, connections, seconds, path, mode = sys.argv[1:]
    requests = _take(read_requests(Path(path)), once=mode == "once")
    print(json.dumps(drive((host, int(port)), int(connections), float(seconds), requests)))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
