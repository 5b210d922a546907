"""Freight: templates by weight or pieces with rates per province, excluded places and thresholds for free delivery.

Goods are sent by their own template or by the shop's plain freight. Each of these ways is charged once per order, for
all goods that are sent by it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Literal

import msgspec

from server.core.errors import DeliveryRefused
from server.core.money import Fen, yuan

PROVINCES = (
    *("北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江", "安徽", "福建"),
    *("江西", "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西"),
    *("甘肃", "青海", "宁夏", "新疆", "香港", "澳门", "台湾"),
)
"""The short names of the provinces. An address begins with one, whatever suffix follows (省, 市, 维吾尔自治区)."""

By = Literal["piece", "weight"]
UNITS: dict[By, str] = {"piece": "件", "weight": "克"}

Province = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(PROVINCES)})$")]
_Units = Annotated[int, msgspec.Meta(ge=1, le=10**7)]
_MOST = msgspec.Meta(ge=0, le=100_000)
"""At most 1000 yuan, so that no order's freight exceeds what the database can store."""


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fee for the first pieces or grams, and another for each further step, even a begun one."""

    first: _Units
    first_fen: Annotated[int, _MOST]
    next: _Units
    next_fen: Annotated[int, _MOST]
    free_from_fen: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    """Delivery is free for goods worth this much or more after discounts; None: never free."""


class Zone(Rate, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Provinces with their own rate."""

    provinces: Annotated[tuple[Province, ...], msgspec.Meta(min_length=1)]


class FreightTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template. Each province is named at most once, either in a zone or as excluded."""

    by: By
    elsewhere: Rate
    """The rate for every province that no zone names."""
    zones: Annotated[tuple[Zone, ...], msgspec.Meta(max_length=len(PROVINCES))] = ()
    excluded: tuple[Province, ...] = ()

    def named_twice(self) -> list[str]:
        """Return the provinces that are named twice; a valid template has none."""
        seen, twice = set[str](), list[str]()
        for name in chain(self.excluded, *(zone.provinces for zone in self.zones)):
            if name in seen:
                twice.append(name)
            seen.add(name)
        return twice

    def rate(self, province: str | None) -> Rate:
        """Return the rate for a province; an address that is not known yet counts as elsewhere."""
        return next((zone for zone in self.zones if province in zone.provinces), self.elsewhere)


class Template(msgspec.Struct, frozen=True):
    """A stored template."""

    id: int
    name: str
    terms: FreightTerms


@dataclass(frozen=True, slots=True)
class Plain:
    """The shop's freight for goods without a template."""

    fee_fen: Fen
    free_from_fen: Fen


@dataclass(frozen=True, slots=True)
class Parcel:
    """The pieces of one SKU to send."""

    product_id: int
    pieces: int
    weight_g: int
    """The weight of all pieces."""
    template: Template | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What one way of sending costs, and why."""

    label: str
    detail: str
    amount_fen: Fen


def province_of(address: str) -> str | None:
    """Return the province of an address: `浙江省 杭州市` → `浙江`; None when it begins with no province."""
    return next((name for name in PROVINCES if address.startswith(name)), None)


def charges(parcels: Sequence[Parcel], plain: Plain, goods_fen: Fen, address: str | None) -> tuple[Charge, ...]:
    """Return one charge per way of sending, in the order of the parcels; none when nothing is sent.

    `goods_fen`: what the order's goods cost after discounts. `address`: from the province on; None when it is not known
    yet. Raises DeliveryRefused when something cannot be sent to that province.
    """
    province = None if address is None else province_of(address)
    _refuse(parcels, province)
    ways: dict[int | None, list[Parcel]] = {}
    for parcel in parcels:
        ways.setdefault(parcel.template.id if parcel.template else None, []).append(parcel)
    return tuple(_charge(way[0].template, way, plain, goods_fen, province) for way in ways.values())


def _refuse(parcels: Sequence[Parcel], province: str | None) -> None:
    refused = [p.product_id for p in parcels if p.template is not None and province in p.template.terms.excluded]
    if refused:
        raise DeliveryRefused(province=province, product_ids=sorted(set(refused)))


def _charge(
    template: Template | None, parcels: Sequence[Parcel], plain: Plain, goods_fen: Fen, province: str | None
) -> Charge:
    if template is None:
        from_fen = plain.free_from_fen
        if goods_fen >= from_fen:
            return Charge("运费", _free(from_fen), 0)
        return Charge("运费", f"未满 {yuan(from_fen)} 元", plain.fee_fen)
    label, terms, rate = f"运费（{template.name}）", template.terms, template.terms.rate(province)
    if rate.free_from_fen is not None and goods_fen >= rate.free_from_fen:
        return Charge(label, _free(rate.free_from_fen), 0)
    units = sum(parcel.pieces if terms.by == "piece" else parcel.weight_g for parcel in parcels)
    steps = max(0, -(-(units - rate.first) // rate.next))
    place = province or "其他地区"
    return Charge(
        label,
        f"{place} 共 {units} {UNITS[terms.by]}：{_fees(rate, terms.by)}",
        rate.first_fen + steps * rate.next_fen,
    )


def _free(from_fen: Fen) -> str:
    return f"满 {yuan(from_fen)} 元包邮"


def _fees(rate: Rate, by: By) -> str:
    unit = UNITS[by]
    further = f"，每加 {rate.next} {unit} {yuan(rate.next_fen)} 元" if rate.next_fen else ""
    return f"首 {rate.first} {unit} {yuan(rate.first_fen)} 元{further}"


def in_words(terms: FreightTerms) -> Iterator[str]:
    """Yield the template in words: a line per rate, then the excluded provinces."""
    for place, rate in (*(("、".join(zone.provinces), zone) for zone in terms.zones), ("其他地区", terms.elsewhere)):
        free = "" if rate.free_from_fen is None else f"，{_free(rate.free_from_fen)}"
        yield f"{place if terms.zones else '全国'}：{_fees(rate, terms.by)}{free}"
    if terms.excluded:
        yield f"不发货：{'、'.join(terms.excluded)}"
