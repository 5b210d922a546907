"""A member's addresses."""

from typing import Annotated

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Room
from server.rules import addresses as rules
from server.services.members import addresses
from server.services.members.addresses import Address, Place

room = Room("addresses", "收货地址")

_Region = Annotated[str, msgspec.Meta(max_length=40, pattern=r"\S")]


class AddressForm(msgspec.Struct, forbid_unknown_fields=True):
    """A place in China. `phone` is a mobile number or a landline."""

    name: Annotated[str, msgspec.Meta(max_length=30, pattern=r"\S")]
    phone: Annotated[str, msgspec.Meta(max_length=30)]
    province: _Region
    city: _Region
    district: _Region
    detail: Annotated[str, msgspec.Meta(max_length=200, pattern=r"\S")]
    is_default: bool = False

    @property
    def place(self) -> Place:
        """The place with surrounding spaces removed, and a municipality in its one form."""
        texts = (self.name, self.phone, self.province, self.city, self.district, self.detail)
        name, phone, province, city, district, detail = (text.strip() for text in texts)
        return Place(name, phone, *rules.region(province, city), district, detail)


class AddressView(msgspec.Struct):
    """An address as its owner sees it."""

    id: int
    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str
    is_default: bool


class AddressList(msgspec.Struct):
    """All addresses, at most 20, the default first."""

    items: list[AddressView]
    next_cursor: None = None


_EXAMPLE = {
    "name": "王小满",
    "phone": "13800138000",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "detail": "文三路 100 号 3 幢 502 室",
    "is_default": True,
}


def _view(address: Address) -> AddressView:
    place = address.place
    return AddressView(
        address.id,
        place.name,
        place.phone,
        place.province,
        place.city,
        place.district,
        place.detail,
        address.is_default,
    )


@room.get("/addresses", "我的收货地址", gives=AddressList)
async def list_addresses(call: Call, _query: NoBody) -> AddressList:
    """All addresses of the member."""
    return AddressList([_view(address) for address in await addresses.all_of(call.deps, call.member_id)])


@room.post(
    "/addresses",
    "新增收货地址",
    takes=AddressForm,
    gives=AddressView,
    refuses=(errors.AddressLimit,),
    example=_EXAMPLE,
)
async def add_address(call: Call, form: AddressForm) -> AddressView:
    """The first address becomes the default one."""
    return _view(await addresses.add(call.deps, call.member_id, form.place, is_default=form.is_default))


@room.put("/addresses/<address_id:int>", "修改收货地址", takes=AddressForm, gives=AddressView, example=_EXAMPLE)
async def change_address(call: Call, form: AddressForm) -> AddressView:
    """Change an address. The default address stays the default until another one is made the default."""
    address_id: int = call.path["address_id"]
    return _view(await addresses.change(call.deps, call.member_id, address_id, form.place, is_default=form.is_default))


@room.delete("/addresses/<address_id:int>", "删除收货地址")
async def remove_address(call: Call, _body: NoBody) -> NoBody:
    """Delete an address. If it was the default, the newest of the others becomes the default."""
    await addresses.remove(call.member_id, call.path["address_id"])
    return NoBody()
