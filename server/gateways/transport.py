"""HTTP clients for WeChat's two hosts, all made in the same way."""

import functools
import ipaddress
import logging
import ssl
from urllib.parse import urlsplit

import httpx


def is_loopback(url: str) -> bool:
    """Whether the address is on this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def client(base_url: str, timeout_s: float) -> httpx.AsyncClient:
    """Return a connection pool for one host; its first use binds it to the running event loop.

    Proxies from the environment are used, except for loopback, where a proxy would break the sandbox.
    """
    # At INFO httpx logs every address with its query, and WeChat's queries contain the app's secret and the token.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(base_url=base_url, timeout=timeout_s, trust_env=not is_loopback(base_url), verify=_tls())


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read the certificate authorities once per process, because that takes 60 ms."""
    return httpx.create_ssl_context()
