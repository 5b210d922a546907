"""The forms that several screens share."""

from typing import Annotated

import msgspec

REASON_CHARS = 200
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS, pattern=r"\S")]
"""Why an operator does something."""
Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""The number of a version; 0 stands for the time before the first one."""


class ReasonForm(msgspec.Struct):
    """The reason. It goes into the log; where money or goods come back, the member may read it too."""

    reason: Reason


class Publishing(msgspec.Struct):
    """The fields beside the terms of a new version: the version it is based on, and the reason for it."""

    base: Number
    note: Reason


class Compared(msgspec.Struct):
    """The two versions to compare."""

    old: Number
    new: Number
