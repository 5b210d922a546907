"""Express companies: their names in Chinese, and WeChat's codes for them."""

import re

COMPANIES = {
    "SF": "顺丰速运",
    "ZTO": "中通快递",
    "YTO": "圆通速递",
    "STO": "申通快递",
    "YD": "韵达速递",
    "JTSD": "极兔速递",
    "JD": "京东快递",
    "EMS": "EMS",
    "YZPY": "邮政快递包裹",
    "DBL": "德邦快递",
}
"""The common companies. WeChat knows more; an operator can type their codes directly."""

_CODE = re.compile(r"[A-Z0-9_]{2,40}")
_TRACKING = re.compile(r"[0-9A-Za-z_-]{5,60}")
_SHORT = 2


def company_code(text: str) -> str | None:
    """Return the code for a code or a Chinese name; None when the text is neither.

    A name may be shortened, but not below its first two characters.
    """
    text = text.strip()
    if _CODE.fullmatch(text.upper()):
        return text.upper()
    found = [
        code
        for code, name in COMPANIES.items()
        if len(text) >= _SHORT and (name.startswith(text) or text.startswith(name[:_SHORT]))
    ]
    return found[0] if len(found) == 1 else None


def tracking_fits(text: str) -> bool:
    """Whether the text can be a tracking number."""
    return bool(_TRACKING.fullmatch(text))
