"""The shop front: the shop's name and banners, the promise of the rule in force, periods and agreements."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import promises, rebate_words
from server.rules.rebate_words import Promise, Told
from server.rules.shop import Banner, ShopPolicy
from server.services.terms import policy, rebate_rules, stacking

_TEXTS = Path(__file__).parent / "texts"
_AGREEMENTS = ("user_agreement", "privacy")
_IN_APP = "小程序内「我的 → 客服」"


@dataclass(frozen=True, slots=True)
class RuleInWords:
    """The version in force under plain headings."""

    version: int
    valid_from: datetime
    plain: list[Told]


@dataclass(frozen=True, slots=True)
class Periods:
    """The shop's time limits and freight."""

    order_minutes: int
    receive_days: int
    refund_days: int
    freight_fen: int
    free_from_fen: int


@dataclass(frozen=True, slots=True)
class Service:
    """When and how people help."""

    hours: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A text that the shopper agrees to."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Storefront:
    """All of it. `promise` and `rule` are None before a first rule is published."""

    name: str
    slogan: str
    now: datetime
    banners: tuple[Banner, ...]
    promise: Promise | None
    rule: RuleInWords | None
    policy: Periods
    service: Service
    agreements: list[Agreement]


async def storefront(deps: Deps) -> Storefront:
    """Return the shop front as of now."""
    shop = await policy.current()
    promise, rule = await _promise()
    return Storefront(
        name=shop.name,
        slogan=shop.slogan,
        now=deps.clock.now(),
        banners=shop.banners,
        promise=promise,
        rule=rule,
        policy=Periods(
            order_minutes=shop.order_minutes,
            receive_days=shop.receive_days,
            refund_days=shop.refund_days,
            freight_fen=shop.freight_fen,
            free_from_fen=shop.free_from_fen,
        ),
        service=Service(shop.service_hours, shop.service_phone),
        agreements=_agreements(shop),
    )


async def _promise() -> tuple[Promise | None, RuleInWords | None]:
    try:
        published = await rebate_rules.in_force()
    except NotFound:  # a shop can open before its first rule
        return None, None
    # A kind of order that the stacking matrix leaves out counts for nobody, whatever the rule says.
    terms = promises.as_combined(published.terms, (await stacking.current()).matrix)
    plain = rebate_words.plain(terms, await rebate_rules.scope_names(terms.scope))
    return rebate_words.promise(published.terms), RuleInWords(published.version, published.published_at, plain)


def _agreements(shop: ShopPolicy) -> list[Agreement]:
    contact = f"{_IN_APP}，电话 {shop.service_phone}" if shop.service_phone else _IN_APP
    facts = {
        "name": shop.name,
        "company": shop.company or shop.name,
        "contact": f"{contact}（{shop.service_hours}）",
        "order_minutes": shop.order_minutes,
        "receive_days": shop.receive_days,
        "refund_days": shop.refund_days,
    }
    return [Agreement(key, *(part.format(**facts) for part in _agreement(key))) for key in _AGREEMENTS]


@cache
def _agreement(key: str) -> tuple[str, str]:
    """Return title and text, with the placeholders for facts not filled in."""
    title, _, text = (_TEXTS / f"{key}.txt").read_text(encoding="utf-8").partition("\n")
    return title, text.strip()
