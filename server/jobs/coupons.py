"""Coupons issued to many members, birthday gifts, and warnings before coupons end."""

from server.gateways.ports import Deps
from server.services.coupons import endings, issues


async def issue(deps: Deps) -> None:
    """Tick: carry on with the issues that operators asked for until they are complete."""
    while await issues.step(deps):
        continue


async def give_gifts(deps: Deps) -> None:
    """Tick: plan the gifts for today's birthdays, and for recent days that were missed."""
    await issues.plan_gifts(deps)


async def warn_of_endings(deps: Deps) -> None:
    """Tick: tell members about coupons that end soon."""
    await endings.warn(deps)
