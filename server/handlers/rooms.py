"""The list of rooms the application serves."""

from sanic import Blueprint

from server.handlers.endpoint import Room
from server.handlers.ops import health

SHOP: tuple[Room, ...] = ()
"""Rooms of JSON calls, in the order of the OpenAPI document."""


def plain(*, development: bool) -> list[Blueprint]:
    """What is not a declared JSON call: WeChat's callbacks, operations and, in development, the sandbox's calls."""
    found = [health.blueprint]
    if development:
        found += []
    return found
