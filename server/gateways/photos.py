"""Pictures of goods on other hosts, fetched for cards and posters."""

import httpx

from server.gateways.transport import client

MOST_BYTES = 6 * 1024 * 1024


async def fetch(url: str, timeout_s: float) -> bytes | None:
    """Return the body of an address; None when it is unavailable, not a picture or larger than `MOST_BYTES`."""
    body = b""
    try:
        async with client(url, timeout_s) as http, http.stream("GET", url) as answer:
            if not answer.is_success or not answer.headers.get("Content-Type", "").startswith("image/"):
                return None
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    return None
    except httpx.HTTPError:
        return None
    return body
