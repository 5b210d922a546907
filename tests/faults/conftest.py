"""What the tests of this folder share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.owners import home_of


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder; what root keeps for it elsewhere is deleted with it."""
    folder = tmp_path / "data"
    yield folder
    for state in tmp_path.glob("*/engines.json"):
        if home_of(state.parent) != state.parent:
            shutil.rmtree(home_of(state.parent))
