"""Requests byte by byte, for what no HTTP client sends."""

import asyncio
from urllib.parse import urlsplit


async def say(base_url: str, method: bytes, path: str, *headers: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request with these header lines; return the status and the body of the answer."""
    host = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    try:
        lines = [b"%s %s HTTP/1.1" % (method, path.encode()), b"Host: mall", b"Connection: close", *headers]
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), content
