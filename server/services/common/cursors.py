"""Opaque list cursors: they hold the sort key of the last row seen, so that new rows do not shift pages."""

import base64
import binascii
from typing import Annotated, Any

import msgspec

from server.core.errors import BadRequest

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A number in a cursor; it fits into a bigint column."""


def pack(place: object) -> str:
    """Return a URL-safe cursor for a position in a list (a tuple of numbers and texts)."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def unpack(cursor: str, kind: Any) -> Any:  # noqa: ANN401 - any msgspec type
    """Return the position in a cursor as `kind`. Raises BadRequest for what `pack` did not make for such a list."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise foreign() from error


def foreign() -> BadRequest:
    """Return the refusal of a cursor that is invalid or belongs to another list."""
    return BadRequest(field="cursor", problem="列表的位置无效，请从第一页看起")
