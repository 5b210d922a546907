"""The stored versions of the rebate rule."""

from datetime import datetime

import msgspec

from server.rules.rebates import RuleTerms
from server.services.terms.versions import Versions


class PublishedRule(msgspec.Struct, frozen=True):
    """A version with its terms."""

    version: int
    terms: RuleTerms
    note: str
    operator: str
    published_at: datetime
    budget_used_fen: int


VERSIONS = Versions("rule_version", RuleTerms, PublishedRule, starts_with={"budget_used_fen": 0})
