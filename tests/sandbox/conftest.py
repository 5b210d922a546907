from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.sandbox.config import SandboxConfig
from server.sandbox.identity import Identity, make_identity
from tests.sandbox.world import HandClock, Mall, World, running_mall, running_world


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def mall() -> AsyncIterator[Mall]:
    async with running_mall() as mall:
        yield mall


@pytest.fixture
def config(identity: Identity, clock: HandClock, mall: Mall, tmp_path: Path) -> SandboxConfig:
    return SandboxConfig.of(identity, tmp_path / "state.sqlite", push_url=f"{mall.url}/push", clock=clock)


@pytest.fixture
async def world(config: SandboxConfig, identity: Identity, clock: HandClock, mall: Mall) -> AsyncIterator[World]:
    async with running_world(config, identity, clock, mall) as world:
        yield world
