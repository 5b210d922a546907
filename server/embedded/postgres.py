"""PostgreSQL: a cluster with two roles and one database, reachable only by password on 127.0.0.1."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .home import Home
from .processes import Kind, run

POSTGRES = Kind(
    title="PostgreSQL",
    program="postgres",
    pid_file="postmaster.pid",
    signals=(signal.SIGINT, signal.SIGQUIT),  # fast, then immediate shutdown
)
FOLDER = "postgres"
NAME = "tuisan"
"""The database, and the role that owns it."""
APP_NAME = "tuisan_app"
"""The application's role, which owns nothing."""
# The line of postmaster.pid, from 0, that pg_ctl waits for (LOCK_FILE_LINE_PM_STATUS in pidfile.h, from 1).
STATUS_LINE = 7

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # One file for each day of the week, overwritten a week later.
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    # "Failing row contains (...)" and statements with their values would write members' data into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def create(home: Home, password: str, app_password: str, *, durable: bool) -> None:
    """Create the cluster if it is missing; a partial one from an interrupted first start is created again.

    The superuser cannot log in at all; `tuisan` owns its database and may create others. It is a member of `tuisan_app`
    and so may end its connections, but not the other way round.
    """
    if (home.folder / FOLDER).exists():
        return
    half_made = home.folder / f"{FOLDER}.new"
    if half_made.exists():
        shutil.rmtree(half_made)
    home.make_folder(half_made.name)
    # macOS has no C.UTF-8 locale; PostgreSQL's built-in one sets sort order and case on all systems.
    locale = "C" if sys.platform == "darwin" else "C.UTF-8"
    options = ["--username=postgres", "--auth=reject", "--encoding=UTF8", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={locale}"]
    options += [] if durable else ["--no-sync"]
    run([home.binaries.initdb, *options, "-D", half_made], home.account, home.folder)
    # The unprivileged user owns the folder, so root must not follow a link placed there.
    with os.fdopen(os.open(half_made / "pg_hba.conf", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "w") as access:
        access.write("host all all 127.0.0.1/32 scram-sha-256\n")
    # Single-user mode takes one statement per line, and needs neither a port nor a superuser's password.
    statements = (
        f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD '{password}'\n"
        f"CREATE ROLE {APP_NAME} LOGIN PASSWORD '{app_password}' ROLE {NAME}\n"
        f"CREATE DATABASE {NAME} OWNER {NAME}\n"
    )
    quiet = {"exit_on_error": "on", "log_min_error_statement": "panic"} | (DURABLE if durable else THROWAWAY)
    single: list[str | Path] = [home.binaries.postgres, "--single", "-D", half_made, *_options(quiet), "postgres"]
    run(single, home.account, home.folder, statements)
    half_made.rename(home.folder / FOLDER)


def command(home: Home, port: int, *, durable: bool) -> list[str | Path]:
    """Return the server's command line."""
    settings = SETTINGS | (DURABLE if durable else THROWAWAY) | {"port": str(port)}
    return [home.binaries.postgres, "-D", home.folder / FOLDER, *_options(settings)]


def is_ready(home: Home, child: subprocess.Popen[bytes]) -> bool:
    """Return whether exactly this process accepts connections."""
    try:
        lines = (home.folder / FOLDER / POSTGRES.pid_file).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATUS_LINE and lines[0] == str(child.pid) and lines[STATUS_LINE].strip() == "ready"


def follow_log(home: Home, said: str) -> str:
    """Return `said`, the output on standard error so far, or the newest daily log once PostgreSQL writes there."""
    if "redirecting log output" not in said:
        return said
    newest = max((home.folder / FOLDER / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
    return newest.read_text("utf-8", "replace")


def url(port: int, role: str, password: str) -> str:
    """Return the database's URL for one of the roles."""
    return f"postgres://{role}:{password}@127.0.0.1:{port}/{NAME}"


def _options(settings: dict[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
