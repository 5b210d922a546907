"""`scripts/run` builds the H5 shop when necessary, and goes on without it when it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = '#!/bin/sh\ncase "$1" in\n  -p) echo {new} ;;\n  --version) echo v20 ;;\n  *) {build} ;;\nesac\n'
NPM = '#!/bin/sh\necho "npm $*" >> npm.log\nmkdir -p "$3/node_modules"\n'
BUILD = "mkdir -p build/h5 && touch build/h5/index.html && echo built"


class Checkout:
    """A copy of the script in a checkout with a small shop; its own commands come before the machine's in PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = folder / "commands"
        for place in ("scripts/h5", "miniprogram", "commands"):
            (folder / place).mkdir(parents=True)
        for name in ("scripts/h5/package-lock.json", "miniprogram/package-lock.json", "miniprogram/a page.wxml"):
            (folder / name).write_text("{}")
        shutil.copy(ROOT / "scripts" / "setup.sh", folder / "scripts" / "setup.sh")
        self.put("npm", NPM)
        self.node()

    def node(self, *, new: str = "true", build: str = BUILD) -> None:
        self.put("node", NODE.format(new=new, build=build))

    def put(self, name: str, text: str) -> None:
        path = self.commands / name
        path.write_text(text)
        path.chmod(0o755)

    def build(self) -> str:
        """Return the output of `build_h5`, which never fails."""
        script = "set -euo pipefail; source scripts/setup.sh; build_h5; echo started"
        environment = os.environ | {"PATH": f"{self.commands}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["/usr/bin/env", "bash", "-c", script],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        *said, last = done.stdout.splitlines()
        assert last == "started"
        return "\n".join(line.removeprefix("bash: ") for line in said)

    def installed(self) -> int:
        log = self.folder / "npm.log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_shop_is_built_once_until_its_sources_change(checkout: Checkout) -> None:
    assert checkout.build().splitlines() == [
        "installing the npm packages of miniprogram",
        "installing the npm packages of scripts/h5",
        "building the H5 shop",
        "built",
    ]
    assert checkout.build() == ""
    (checkout.folder / "miniprogram" / "a page.wxml").write_text("<view/>")
    assert checkout.build() == "building the H5 shop\nbuilt"
    shutil.rmtree(checkout.folder / "build" / "h5")
    assert checkout.build() == "building the H5 shop\nbuilt"
    assert checkout.installed() == 2


def test_packages_are_installed_again_when_their_lock_changes(checkout: Checkout) -> None:
    checkout.build()
    (checkout.folder / "scripts" / "h5" / "package-lock.json").write_text('{"other": 1}')
    assert "installing the npm packages of scripts/h5" in checkout.build()
    assert checkout.installed() == 3


def test_without_node_the_shop_is_left_out(checkout: Checkout) -> None:
    sentence = "leaving out the H5 shop: it is built with Node.js 20 or newer"
    checkout.node(new="false")
    assert checkout.build() == sentence
    checkout.put("node", "#!/bin/sh\nexit 127\n")
    assert checkout.build() == sentence
    assert not checkout.installed()


def test_a_build_that_fails_stops_nothing_and_is_tried_again(checkout: Checkout) -> None:
    checkout.node(build="exit 1")
    assert checkout.build().endswith("leaving out the H5 shop: it could not be built (see above)")
    checkout.node()
    assert checkout.build().endswith("built")
