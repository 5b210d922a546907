"""Where the engines keep their data: moved aside, in private folders, for root and for ordinary users."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from server.embedded import EngineError, Engines, addresses, set_aside
from server.embedded.engines import KINDS
from tests.faults.owners import home_of, spawn_owner, sql, working

AS_ROOT = os.geteuid() == 0


def python_for_all() -> str:
    """Return a Python that an unprivileged user can run; ours may be in root's home."""
    for folder in ("/usr/local/bin", "/usr/bin"):
        python = shutil.which("python3", path=folder)
        if python is not None and "/root/" not in str(Path(python).resolve()):
            modern = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False)
            if modern.returncode == 0:
                return python
    pytest.skip("no system Python 3.11 or later")


def test_data_set_aside_works_as_before_beside_new_data(tmp_path: Path, data: Path) -> None:
    aside = tmp_path / "aside"
    with Engines(data) as engines:
        first = engines.start()
        sql(first, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
        with pytest.raises(EngineError, match="belong to process"):
            set_aside(data, aside)
    set_aside(data, aside)
    assert not data.exists()
    assert addresses(aside) == first
    with Engines(data) as engines, Engines(aside) as old:
        assert sql(engines.start(), "SELECT to_regclass('kept') IS NULL")
        assert sql(old.start(), "SELECT n FROM kept") == 7
        assert home_of(data) != home_of(aside)


def test_engines_that_outlived_their_owner_are_ended_before_their_data_moves(tmp_path: Path, data: Path) -> None:
    owner = spawn_owner(data)
    leaders = {int((home_of(data) / name / kind.pid_file).read_text().split()[0]) for name, kind in KINDS.items()}
    for pid in leaders:
        os.kill(pid, signal.SIGSTOP)
    owner.kill()
    owner.communicate()
    assert leaders <= working(data)
    for pid in leaders:
        os.kill(pid, signal.SIGCONT)
    set_aside(data, tmp_path / "aside")
    assert not working(tmp_path / "aside")


def test_data_that_cannot_be_moved_stays(tmp_path: Path, data: Path) -> None:
    with Engines(data) as engines:
        first = engines.start()
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "something").touch()
    with pytest.raises(EngineError, match="cannot be moved"):
        set_aside(data, taken)
    with Engines(data) as engines:
        assert engines.start() == first


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
class TestRoot:
    """Cases that only root can have."""

    def test_a_private_checkout_stays_private(self, tmp_path: Path, data: Path) -> None:
        private = tmp_path / "private"
        private.mkdir(mode=0o700)
        parents = [private, *private.parents]
        before = [(stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) for path in parents]
        folder = private / "data"
        with Engines(folder, durable=False) as engines:
            assert sql(engines.start(), "SELECT 1") == 1
            home = home_of(folder)
            servers = working(folder)
            assert servers
            for pid in servers:
                assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
                groups = next(
                    line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line[:6] == "Groups"
                )
                assert groups.split() == ["Groups:"]
        assert [(stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) for path in parents] == before
        assert (home.stat().st_uid, stat.S_IMODE(home.stat().st_mode)) == (0, 0o710)
        shutil.rmtree(folder)
        with Engines(data, durable=False):  # removes what a deleted throw-away folder left
            assert not home.exists()

    @pytest.mark.parametrize("parent", ["/proc", "private"])
    def test_without_a_system_folder_the_temporary_one_serves(
        self, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, parent: str
    ) -> None:
        """The first folder is not writable; the second cannot be entered by the unprivileged user."""
        (tmp_path / "private").mkdir(mode=0o700)
        monkeypatch.setattr("server.embedded.home.ROOT_HOMES", tmp_path / parent / "homes")
        monkeypatch.setattr("tempfile.tempdir", "/tmp")  # noqa: S108 - other users cannot enter pytest's own folders
        with Engines(data, durable=False) as engines:
            assert sql(engines.start(), "SELECT 1") == 1
            assert home_of(data).parent == Path("/tmp")  # noqa: S108 - the same
        assert not list((tmp_path / "private").glob("homes/*"))

    def test_an_ordinary_user_runs_them_in_the_data_folder_itself(self, tmp_path: Path) -> None:
        user = pwd.getpwnam("nobody")
        # Other users cannot enter pytest's own folders, but they can enter the system's temporary folder.
        place = Path(tempfile.mkdtemp())
        os.chown(place, user.pw_uid, user.pw_gid)
        try:
            owner = spawn_owner(place / "data", python_for_all(), user)
            where = addresses(place / "data")
            assert where is not None
            assert sql(where, "SELECT 1") == 1
            assert (place / "data" / "postgres").stat().st_uid == user.pw_uid
            assert home_of(place / "data") == place / "data"
            owner.communicate("")
            assert owner.returncode == 0
            with pytest.raises(EngineError, match="initialised by user nobody"):
                Engines(place / "data").start()
        finally:
            shutil.rmtree(place)
