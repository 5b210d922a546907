"""Types for WeChat Pay's request bodies; undeclared fields are refused."""

from typing import Annotated

import msgspec

Text32 = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Text64 = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Text128 = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Text256 = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10_000_000_000)]
FenOrZero = Annotated[int, msgspec.Meta(ge=0, le=10_000_000_000)]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
TradeNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")]
NotifyUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object that allows no fields but the declared ones."""
