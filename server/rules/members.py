"""What others may see of a member."""

_NAMELESS = "微信用户"
_WHOLE_PHONE = 11


def masked_name(nickname: str) -> str:
    """The first character only: `小明` → `小**`."""
    return f"{nickname[0]}**" if nickname else _NAMELESS


def masked_phone(phone: str) -> str:
    """`13812341234` → `138****1234`; of a shorter number only the last four digits are shown."""
    shown = phone[:3] if len(phone) >= _WHOLE_PHONE else ""
    return f"{shown}****{phone[-4:]}"
