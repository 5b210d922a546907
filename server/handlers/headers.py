"""What a request's headers say, as text that every store can hold: a client may send any bytes."""

from sanic import Request


def bearer(request: Request) -> str:
    """Return the token of the Authorization header; empty if there is none, or one that no token of ours looks like."""
    return _word(request.token)


def cookie(request: Request, name: str) -> str:
    """Return a cookie's value; empty if there is none, or one that none of ours looks like."""
    return _word(request.cookies.get(name))


def agent(request: Request) -> str:
    """Return what the client says about itself; bytes that are no text are replaced."""
    return readable(request.headers.get("user-agent", ""))


def readable(text: str) -> str:
    """Replace what no encoder and no database takes: bytes that were not UTF-8, and NUL."""
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return decoded.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _word(text: str | None) -> str:
    return text if text and text.isascii() and text.isprintable() else ""
