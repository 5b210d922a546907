"""The files in the guide can be applied."""

import re
from pathlib import Path

from server.commands.apply import of_document
from server.rules.approvals import ActivityChange, CouponPublish, PriceChange
from server.rules.commissions import CommissionTerms
from server.rules.rebates import parse_terms
from server.services.files.apply_file import reading
from server.services.terms import commission_policies, rebate_rules
from tests.support.mall import Mall

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "files.md"


async def test_every_file_of_the_guide_applies(mall: Mall) -> None:
    found = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    products, coupons, group_buys, others, rule, commission = found
    assert (await of_document(PriceChange)(mall.deps, products, "cli")).products_new == 2
    assert (await of_document(CouponPublish)(mall.deps, coupons, "cli")).templates_new == 2
    assert (await of_document(ActivityChange)(mall.deps, group_buys, "cli")).activities_new == 1
    assert (await of_document(ActivityChange)(mall.deps, others, "cli")).activities_new == 2
    assert (await rebate_rules.publish(mall.deps, parse_terms(rule.encode()), "guide", "cli")).version == 1
    with reading(commission, CommissionTerms) as terms:
        assert (await commission_policies.apply(mall.deps, terms, "guide", "cli")).policies == 3
