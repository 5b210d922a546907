"""Limits of the values in subscription messages, by the type in the key's name (`thing1`, `amount3`).

Source: mini program "订阅消息参数值内容限制说明". WeChat refuses a message with a value beyond its limit (47003), and
the member would get nothing, so values are cut to fit. When no part of a value fits, it is sent unchanged, and
WeChat's refusal says why.
"""

import re
from collections.abc import Callable

_CJK = r"\u3400-\u9fff\uf900-\ufaff"
_DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_HOUR = r"\d{1,2}:\d{2}(?::\d{2})?"
_DATE = rf"{_DAY}(?: {_HOUR})?"
_TIME = rf"(?:{_DAY} )?{_HOUR}"


def _kept(unwanted: str, chars_max: int) -> Callable[[str], str]:
    """Drop the characters that the type does not allow, then cut to the length."""
    pattern = re.compile(unwanted)
    return lambda value: pattern.sub("", value)[:chars_max]


def _found(wanted: str) -> Callable[[str], str]:
    """Keep the first part that has the type's form. Cutting a figure anywhere else would change its meaning."""
    pattern = re.compile(wanted, re.ASCII)  # WeChat accepts no digits of other scripts
    return lambda value: match[0] if (match := pattern.search(value)) else ""


def _name(value: str) -> str:
    return value[: 10 if re.search(f"[{_CJK}]", value) else 20]


_FITTED: dict[str, Callable[[str], str]] = {
    "thing": _kept(r"[\x00-\x1f\x7f]", 20),
    "number": _found(r"-?\d{1,20}(?:\.\d{1,10})?"),
    "letter": _kept(r"[^A-Za-z]", 32),
    "symbol": _kept(r"[\w\s]", 5),
    "character_string": _kept(r"[^\x21-\x7e]", 32),
    "date": _found(rf"{_DATE}(?: ?~ ?{_DATE})?"),
    "time": _found(rf"{_TIME}(?: ?~ ?{_TIME})?"),
    "amount": _found(r"[¥￥$€£]?\d{1,10}(?:\.\d{1,2})?元?"),
    "phone_number": _found(r"\+?[0-9*()-]{3,16}"),
    "car_number": _kept(r"\s", 8),
    "name": _name,
    "phrase": _kept(f"[^{_CJK}]", 5),
}


def fitted(key: str, value: str) -> str:
    """Fit `value` to the type of `key`. Other types (`enum`, …) are left unchanged."""
    fit = _FITTED.get(key.rstrip("0123456789"))
    return (fit(value) or value) if fit else value
