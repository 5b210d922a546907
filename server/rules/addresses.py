"""Addresses in China: which phone numbers are accepted, and when two addresses are the same place."""

import re
import unicodedata

from server.core.errors import BadRequest

LIMIT = 20
"""The most addresses a member may keep."""

_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(010|02\d|0[3-9]\d{2})(\d{7,8})(?:转(\d{1,6}))?")


def phone(text: str) -> str:
    """Return a mobile number as 11 digits, or a landline as `010-12345678` with `转` before an extension.

    Spaces, hyphens and brackets are removed first. Raises BadRequest for anything else.
    """
    compact = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text))
    if mobile := _MOBILE.fullmatch(compact):
        return mobile[1]
    if landline := _LANDLINE.fullmatch(compact):
        extension = f"转{landline[3]}" if landline[3] else ""
        return f"{landline[1]}-{landline[2]}{extension}"
    raise BadRequest(field="phone", problem="请填写正确的手机号或座机号")


_MUNICIPALITIES = ("北京", "天津", "上海", "重庆")
_OF_THEIR_OWN = ("市辖区", "县")
"""What lists of regions say in place of a city below a municipality."""


def region(province: str, city: str) -> tuple[str, str]:
    """Return province and city in one form: a municipality is both, `北京市, 北京市`, however the two were given."""
    for name in _MUNICIPALITIES:
        whole = f"{name}市"
        if province in (name, whole) and city in (name, whole, *_OF_THEIR_OWN):
            return whole, whole
    return province, city


def place(province: str, city: str, district: str, detail: str) -> str:
    """Return one text per place, however it was typed: width, case, spaces and punctuation make no difference."""
    text = unicodedata.normalize("NFKC", province + city + district + detail).casefold()
    return "".join(letter for letter in text if letter.isalnum())
