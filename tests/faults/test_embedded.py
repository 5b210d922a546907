"""The embedded engines under real faults: killed servers and owners, second owners, recycled ids, two users."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
import redis

from server.embedded import Engine, EngineError, Engines, addresses, running
from server.embedded.engines import KINDS
from server.embedded.home import load_state, save_state
from server.embedded.processes import working_in
from tests.faults.owners import client, home_of, spawn_owner, sql, wait_until, working


def test_an_unknown_folder_has_no_addresses_and_no_owner(data: Path) -> None:
    assert addresses(data) is None
    assert not running(data)
    assert Engines(data).alive() == {"postgres": False, "redis": False}
    with pytest.raises(EngineError, match="not started"):
        Engines(data).restart("redis")


def test_stop_and_start_keep_data_ports_and_passwords(data: Path) -> None:
    engines = Engines(data)
    first = engines.start()
    assert engines.start() == first
    assert engines.alive() == {"postgres": True, "redis": True}
    assert running(data)
    sql(first, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
    with client(first) as connection:
        connection.set("kept", 7)
    engines.stop()
    engines.stop()
    assert engines.alive() == {"postgres": False, "redis": False}
    assert not running(data)
    assert working(data) == set()
    assert addresses(data) == first
    with engines:
        assert engines.start() == first
        assert sql(first, "SELECT n FROM kept") == 7
        with client(first) as connection:
            assert connection.get("kept") == b"7"
    assert not running(data)


def test_the_engines_are_safe_by_their_settings(data: Path) -> None:
    with Engines(data) as engines:
        where = engines.start()
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
            "max_connections": "100",
            "jit": "off",
            "listen_addresses": "127.0.0.1",
            "data_checksums": "on",
        }.items():
            assert sql(where, f"SELECT current_setting('{name}')") == value, name
        assert sql(where, "SELECT datlocale FROM pg_database WHERE datname = 'tuisan'") == "C.UTF-8"
        assert sql(where, "SELECT usesuper FROM pg_user WHERE usename = current_user") is False
        with client(where) as connection:
            wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "save": ""}
            assert connection.config_get(*wanted) == wanted
        for name in ("engines.json", "owner.lock"):
            assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
        for name in KINDS:
            assert stat.S_IMODE((home_of(data) / name).stat().st_mode) == 0o700


def test_nobody_enters_without_the_password(data: Path) -> None:
    with Engines(data) as engines:
        where = engines.start()
        for user in ("tuisan", "postgres"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                asyncio.run(asyncpg.connect(f"postgres://{user}:wrong@127.0.0.1:{where.postgres_port}/tuisan"))
        with redis.Redis(port=where.redis_port) as connection, pytest.raises(redis.AuthenticationError):
            connection.ping()
        password = where.redis_url.partition(":")[2].strip("/:").partition("@")[0]
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            assert password.encode() not in path.read_bytes()


def test_the_role_makes_databases_from_templates(data: Path) -> None:
    with Engines(data, durable=False) as engines:
        where = engines.start()
        sql(where, "CREATE DATABASE pattern", "SELECT 1")
        sql(where, "CREATE DATABASE copy TEMPLATE pattern", "SELECT 1")
        assert sql(where, "DROP DATABASE copy", "SELECT count(*) FROM pg_database WHERE datname = 'pattern'") == 1
        assert sql(where, "SELECT current_setting('fsync')") == "off"


def test_a_killed_postgres_recovers_what_was_committed(data: Path) -> None:
    with Engines(data) as engines:
        where = engines.start()
        sql(where, "CREATE TABLE paid (n int)", "INSERT INTO paid SELECT generate_series(1, 50000)", "SELECT 1")
        engines.kill("postgres")
        assert engines.alive() == {"postgres": False, "redis": True}
        engines.restart("postgres")
        assert engines.start() == where
        assert sql(where, "SELECT count(*) FROM paid") == 50000


def test_a_killed_postmaster_is_replaced_although_a_backend_is_still_busy(data: Path) -> None:
    """PostgreSQL itself refuses to start beside such a backend."""
    with Engines(data) as engines:
        where = engines.start()
        busy = "DO $$ BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END $$"

        async def abandon() -> None:
            connection = await asyncpg.connect(where.database_owner_url)
            task = asyncio.create_task(connection.execute(busy))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(engines.kill, "postgres")
            await asyncio.sleep(0.3)
            assert working_in(home_of(data) / "postgres", KINDS["postgres"])
            await asyncio.to_thread(engines.restart, "postgres")
            await asyncio.gather(task, return_exceptions=True)
            connection.terminate()

        asyncio.run(abandon())
        assert sql(where, "SELECT 1") == 1


def test_a_killed_redis_keeps_every_acknowledged_key(data: Path) -> None:
    with Engines(data) as engines:
        where = engines.start()
        with client(where) as connection:
            for number in range(2000):
                assert connection.set(f"job:{number}", number)
        engines.kill("redis")
        assert engines.alive() == {"postgres": True, "redis": False}
        engines.restart("redis")
        with client(where) as connection:
            assert connection.dbsize() == 2000


def test_a_killed_owner_leaves_a_folder_that_starts_again(data: Path) -> None:
    owner = spawn_owner(data)
    where = addresses(data)
    assert where is not None
    sql(where, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
    owner.kill()
    owner.communicate()
    with Engines(data) as engines:
        assert engines.start() == where
        assert sql(where, "SELECT n FROM kept") == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_killed_owner_takes_its_engines_along(data: Path) -> None:
    owner = spawn_owner(data)
    assert working(data)
    owner.kill()
    owner.communicate()
    wait_until(lambda: not working(data))
    assert not running(data)


def test_engines_that_outlived_their_owner_are_ended_first(data: Path) -> None:
    """Some systems do not tell children of their parent's death. Here the engines are stopped, so they cannot react."""
    owner = spawn_owner(data)
    leaders = {int((home_of(data) / name / kind.pid_file).read_text().split()[0]) for name, kind in KINDS.items()}
    for pid in leaders:
        os.kill(pid, signal.SIGSTOP)
    owner.kill()
    owner.communicate()
    assert leaders <= working(data)
    for pid in leaders:
        os.kill(pid, signal.SIGCONT)
    with Engines(data) as engines:
        assert sql(engines.start(), "SELECT 1") == 1
        assert not leaders & working(data)


def test_a_second_owner_is_refused_by_name(data: Path) -> None:
    owner = spawn_owner(data)
    with pytest.raises(EngineError, match=f"{data}.* belong to process {owner.pid}"):
        Engines(data).start()
    assert running(data)
    owner.communicate("")
    assert owner.returncode == 0
    assert not running(data)


def test_a_recycled_process_id_does_not_fool_the_next_start(data: Path) -> None:
    engines = Engines(data)
    engines.start()
    home = home_of(data)
    owner = (home / "postgres").stat()
    engines.kill("postgres")
    bystander = subprocess.Popen(["/bin/sleep", "60"], user=owner.st_uid, cwd="/")
    try:
        pid_file = home / "postgres" / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(pid_file.read_text().split()[0], str(bystander.pid), 1))
        engines.restart("postgres")
        assert bystander.poll() is None
        assert engines.alive() == {"postgres": True, "redis": True}
    finally:
        bystander.kill()
        bystander.wait()
        engines.stop()


def test_the_application_has_a_role_that_owns_nothing(data: Path) -> None:
    with Engines(data, durable=False) as engines:
        where = engines.start()
        assert sql(replace(where, database_owner_url=where.database_url), "SELECT current_user") == "tuisan_app"
        assert sql(where, "SELECT current_user") == "tuisan"
        rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'tuisan_app'"
        assert sql(where, rights) is False
        assert sql(where, "SELECT pg_has_role('tuisan_app', 'tuisan', 'MEMBER')") is False
        assert sql(where, "SELECT has_schema_privilege('tuisan_app', 'public', 'CREATE')") is False


def test_a_folder_with_one_role_is_refused(data: Path) -> None:
    with Engines(data, durable=False) as engines:
        engines.start()
    state = load_state(data)
    assert state is not None
    save_state(data, replace(state, app_password=""))
    with pytest.raises(EngineError, match="--fresh"):
        Engines(data, durable=False).start()
    assert not running(data)


def test_two_folders_run_side_by_side(tmp_path: Path, data: Path) -> None:
    with Engines(data, durable=False) as one, Engines(tmp_path / "other", durable=False) as two:
        ports = [port for where in (one.start(), two.start()) for port in (where.postgres_port, where.redis_port)]
        assert len(set(ports)) == 4
        sql(one.start(), "CREATE TABLE mine ()", "SELECT 1")
        assert sql(two.start(), "SELECT to_regclass('mine')") is None


def test_a_taken_port_is_replaced(data: Path) -> None:
    with Engines(data, durable=False) as engines:
        first = engines.start()
    with socket.create_server(("127.0.0.1", first.redis_port)), Engines(data, durable=False) as engines:
        second = engines.start()
        assert second.redis_port != first.redis_port
        assert second.postgres_port == first.postgres_port
        assert addresses(data) == second


@pytest.mark.parametrize("engine", ["postgres", "redis"])
def test_a_port_that_is_taken_between_choice_and_start_is_replaced(
    data: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    rivals: list[socket.socket] = []
    spawn = Engines._spawn

    def spawn_second(engines: Engines, name: Engine) -> None:
        chosen = addresses(data)
        if name == engine and not rivals and chosen is not None:
            port = chosen.postgres_port if engine == "postgres" else chosen.redis_port
            rivals.append(socket.create_server(("127.0.0.1", port)))
        spawn(engines, name)

    monkeypatch.setattr(Engines, "_spawn", spawn_second)
    with Engines(data, durable=False) as engines:
        where = engines.start()
        taken = [rival.getsockname()[1] for rival in rivals]
        assert len(taken) == 1
        assert taken[0] not in (where.postgres_port, where.redis_port)
        assert addresses(data) == where
        assert sql(where, "SELECT 1") == 1
    rivals[0].close()


def test_an_interrupted_first_start_is_made_again(data: Path) -> None:
    with Engines(data, durable=False):
        pass
    home = home_of(data)
    (home / "postgres").rename(home / "postgres.new")
    (home / "postgres.new" / "PG_VERSION").write_text("")
    with Engines(data, durable=False) as engines:
        assert sql(engines.start(), "SELECT 1") == 1


@pytest.mark.parametrize("engine", ["postgres", "redis"])
def test_an_engine_that_cannot_start_says_why_and_leaves_nothing_behind(data: Path, engine: Engine) -> None:
    with Engines(data, durable=False):
        pass
    broken = {"postgres": "postgres/PG_VERSION", "redis": "redis/appendonlydir/appendonly.aof.manifest"}[engine]
    (home_of(data) / broken).write_text("nonsense\n")
    engines = Engines(data, durable=False)
    with pytest.raises(
        EngineError, match=f"{KINDS[engine].title} stopped with code 1 while starting: .*(valid data|manifest)"
    ):
        engines.start()
    assert working(data) == set()
    assert not running(data)


def test_lost_passwords_are_reported_not_replaced(data: Path) -> None:
    with Engines(data):
        pass
    state = (data / "engines.json").read_text()
    (data / "engines.json").unlink()
    with pytest.raises(EngineError, match="restore it"):
        Engines(data).start()
    (data / "engines.json").write_text(state)
    with Engines(data):
        pass
