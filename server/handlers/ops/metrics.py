"""Metrics for Prometheus.

Requests are counted and timed by route, method and status. Each of the three has a closed set of values, because every
new combination stays in memory for good and makes each scrape longer. Under the supervisor all API processes share
their counts (`PROMETHEUS_MULTIPROC_DIR`), so any of them can answer a scrape; a process without a supervisor shows its
own counts.
Each scrape also asks the database: how many jobs are open, how long the oldest due one has been waiting, what the
newest audit found.
"""

import os
from collections.abc import Iterator
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse

from server import outbox
from server.core.clock import stopwatch
from server.core.errors import Busy
from server.gateways.ports import Deps
from server.services.common import audits

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The library's environment variable for the folder of shared counts; it must be set before the import."""

_SECONDS = Histogram(
    "tuisan_http_request_seconds",
    "Time to answer a request",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"
"""The label of every method that no route takes: clients may send any word as a method."""
_children: dict[tuple[str, str, int], Any] = {}
"""A cache: the library's own look-up of a child takes a lock and builds strings for every request."""


def watch(app: Sanic[Any, Any]) -> None:
    """Time every request of the application."""
    app.register_middleware(_begin, "request", priority=1000)
    app.register_middleware(_end, "response", priority=-1000)


def _begin(request: Request) -> None:
    request.ctx.began = stopwatch()


def _end(request: Request, response: BaseHTTPResponse) -> None:
    began = getattr(request.ctx, "began", None)
    if began is None:  # the request was refused early, e.g. as too large
        return
    # The declared route, not the requested path: there is no limit to the number of different paths.
    method = request.method if request.method in _METHODS else _OTHER
    key = (method, request.route.path if request.route else "", response.status)
    child = _children.get(key)
    if child is None:
        child = _children[key] = _SECONDS.labels(*key)
    child.observe(stopwatch() - began)


class _Outbox:
    def __init__(self, state: outbox.State) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("tuisan_outbox_open", "Jobs that are not done", self._state.open)
        yield GaugeMetricFamily("tuisan_outbox_lag_seconds", "Age of the oldest due job", self._state.lag_s)


class _Audit:
    def __init__(self, state: audits.State) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("tuisan_audit_offenders", "What the newest audit found wrong", self._state.wrong)
        if self._state.clean_at is not None:
            at = self._state.clean_at.timestamp()
            yield GaugeMetricFamily("tuisan_audit_clean_timestamp_seconds", "When an audit last found nothing", at)


async def exposition(deps: Deps) -> bytes:
    """Return all metrics as text; those from the database are left out when the database does not answer."""
    registry = REGISTRY
    if SHARED_DIR in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's
    text = generate_latest(registry)
    try:
        state = await outbox.state(deps.clock.now())
        audited = await audits.state()
    except Busy:
        return text
    looked_up = CollectorRegistry()
    looked_up.register(_Outbox(state))
    if audited is not None:
        looked_up.register(_Audit(audited))
    return text + generate_latest(looked_up)
