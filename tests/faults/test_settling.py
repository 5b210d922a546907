"""API processes killed in the middle of settling: WeChat asks again, customers ask again, nothing happens twice."""

import sys
from collections.abc import Iterator

import pytest

from tests.faults.chaos import buy_under_fire, circles, ends_well, entered, processes, shots
from tests.faults.test_dev import Dev

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


@pytest.fixture
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from processes(tmp_path_factory.mktemp("settling"))


async def test_api_processes_killed_among_notices(dev: Dev) -> None:
    async with entered(dev) as mall:
        people = await circles(mall)
        await mall.control("knobs", duplicate=2)
        orders = await buy_under_fire(mall, people, shots(dev, "roles.api", 5))
        await ends_well(mall, people, orders)
