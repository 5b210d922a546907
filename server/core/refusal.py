"""The base class of all refusals; the types are in errors/."""

from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request refused for a reason that the user can understand. Raising it rolls the transaction back.

    `detail` is sent to the client unchanged: plain JSON values that help to act on the refusal, never secrets.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    message: str
    retry_after_s: int | None = None

    def __init__(self, **detail: Any) -> None:  # noqa: ANN401 - JSON values of any kind
        super().__init__(self.code)
        self.detail = detail
