"""The data that SQL cannot make: encrypted phone numbers and addresses, with digests to search them by."""

import asyncio
from collections.abc import Iterator

import orjson

from server.core.columns import PHONE_COLUMN
from server.db import Connection
from server.gateways.ports import Cipher
from server.rules import addresses as rules
from server.services.members.addresses import PHONE_BLIND, PLACE_BLIND, SEALED

_PLACES = (
    ("浙江省", "杭州市", "西湖区", "文三路"),
    ("浙江省", "宁波市", "海曙区", "中山西路"),
    ("江苏省", "南京市", "鼓楼区", "中央路"),
    ("江苏省", "苏州市", "姑苏区", "人民路"),
    ("广东省", "广州市", "天河区", "体育西路"),
    ("广东省", "深圳市", "南山区", "科技园路"),
    ("四川省", "成都市", "武侯区", "科华北路"),
    ("湖北省", "武汉市", "洪山区", "珞喻路"),
    ("陕西省", "西安市", "雁塔区", "小寨东路"),
    ("山东省", "青岛市", "市南区", "香港中路"),
)
_NAMES = ("收货人甲", "收货人乙", "收货人丙", "收货人丁", "收货人戊")
_COLUMNS = (
    *("id", "phone_sealed", "phone_blind", "sealed", "sealed_phone_blind", "place_blind"),
    *("province", "city", "district"),
)
_WITHOUT_PHONE = 5
"""One member in this many never gave a phone number."""


def phone(member_id: int) -> str:
    """Return a member's phone number, different for each."""
    return f"13{member_id % 10}{member_id:08d}"


async def copy(tx: Connection, cipher: Cipher, first: int, last: int) -> None:
    """Copy the rows of `scale_secrets` of these members into the database."""
    rows = await asyncio.to_thread(list, _rows(cipher, first, last))
    await tx.copy_records_to_table("scale_secrets", records=rows, columns=_COLUMNS, timeout=600)


def _rows(cipher: Cipher, first: int, last: int) -> Iterator[tuple[object, ...]]:
    for member_id in range(first, last + 1):
        number = phone(member_id)
        province, city, district, street = _PLACES[member_id % len(_PLACES)]
        place = f"{street}{member_id % 997 + 1}号{member_id % 31 + 1}室"
        text = orjson.dumps({"name": _NAMES[member_id % len(_NAMES)], "phone": number, "detail": place}).decode()
        given = member_id % _WITHOUT_PHONE != 0
        yield (
            member_id,
            cipher.seal(number, PHONE_COLUMN) if given else None,
            cipher.blind(number, PHONE_COLUMN) if given else None,
            cipher.seal(text, SEALED),
            cipher.blind(number, PHONE_BLIND),
            cipher.blind(rules.place(province, city, district, place), PLACE_BLIND),
            province,
            city,
            district,
        )
