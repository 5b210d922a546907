"""Coupons given to many, birthday gifts, and those that end soon."""

from server.gateways.ports import Deps
from server.services.coupons import endings, issues


async def issue(deps: Deps) -> None:
    """Tick: go on with what operators asked for, to its end."""
    while await issues.step(deps):
        continue


async def give_gifts(deps: Deps) -> None:
    """Tick: the gifts of today's birthdays, and of the last days' where nobody was there to give them."""
    await issues.plan_gifts(deps)


async def warn_of_endings(deps: Deps) -> None:
    """Tick: tell of coupons that end soon."""
    await endings.warn(deps)
