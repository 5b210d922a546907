"""What others may see of a member's data."""

_NAMELESS = "微信用户"
_WHOLE_PHONE = 11


def masked_name(nickname: str) -> str:
    """Return only the first character: `小明` → `小**`."""
    return f"{nickname[0]}**" if nickname else _NAMELESS


def masked_phone(phone: str) -> str:
    """Mask a phone number: `13812341234` → `138****1234`. A shorter number shows only its last four digits."""
    shown = phone[:3] if len(phone) >= _WHOLE_PHONE else ""
    return f"{shown}****{phone[-4:]}"
