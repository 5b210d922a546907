"""The numbers of advisory locks are different; each is named and taken in one place."""

import re

from scripts.files import ROOT
from server.core.advisory import Advisory

NUMBER = re.compile(r"7_?224_?100_?\d{3}")
CALL = re.compile(r"pg_(?:try_)?advisory_\w+")
CALLS = {
    "server/db.py": {"pg_advisory_lock", "pg_advisory_unlock"},
    "server/services/common/locks.py": {"pg_advisory_xact_lock", "pg_advisory_xact_lock_shared"},
    # A member who places an order: a negative number, which no lock of the list has.
    "server/models/functions/order_place.sql": {"pg_advisory_xact_lock"},
    "server/migrations/0001_initial.py": {"pg_advisory_xact_lock"},
}


def in_server(pattern: re.Pattern[str]) -> dict[str, set[str]]:
    """Return what matches in the server's code and SQL, by file."""
    files = [*ROOT.glob("server/**/*.py"), *ROOT.glob("server/**/*.sql")]
    found = {path.relative_to(ROOT).as_posix(): set(pattern.findall(path.read_text())) for path in files}
    return {path: texts for path, texts in found.items() if texts}


def test_each_number_has_one_meaning() -> None:
    assert len({number.value for number in Advisory}) == len(Advisory.__members__)


def test_numbers_stand_in_one_file() -> None:
    numbers = in_server(NUMBER)
    assert numbers.keys() == {"server/core/advisory.py"}
    assert {int(text) for text in numbers["server/core/advisory.py"]} == set(Advisory)


def test_few_doors_lead_to_advisory_locks() -> None:
    assert in_server(CALL) == CALLS
