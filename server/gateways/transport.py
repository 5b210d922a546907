"""HTTP clients for WeChat's two hosts, made in one way."""

import functools
import ipaddress
import logging
import ssl
from urllib.parse import urlsplit

import httpx


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def client(base_url: str, timeout_s: float) -> httpx.AsyncClient:
    """A connection pool for one host, bound to the running event loop once used.

    Proxies of the environment are obeyed, except for loopback, where a proxy would swallow the sandbox.
    """
    # At INFO httpx writes every address with its query, and WeChat puts the app's secret and the token there.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(base_url=base_url, timeout=timeout_s, trust_env=not is_loopback(base_url), verify=_tls())


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the certificate authorities takes 60 ms: once per process."""
    return httpx.create_ssl_context()
