"""PostgreSQL: a cluster with one role and one database, reachable by password on 127.0.0.1 only."""

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
    signals=(signal.SIGINT, signal.SIGQUIT),  # fast, immediate
)
FOLDER = "postgres"
NAME = "tuisan"
STATUS_LINE = 7  # of postmaster.pid, from 0; the line pg_ctl waits for (LOCK_FILE_LINE_PM_STATUS in miscadmin.h, from 1)

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # One file a day, a week of them, each overwritten a week later.
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    # "Failing row contains (...)" and statements with their values would put members' data into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def create(home: Home, password: str, *, durable: bool) -> None:
    """Make the cluster if it is missing; a half-made one from an interrupted first start is made again.

    The superuser cannot log in at all; `tuisan` owns its database and may create others.
    """
    if (home.folder / FOLDER).exists():
        return
    half_made = home.folder / f"{FOLDER}.new"
    if half_made.exists():
        shutil.rmtree(half_made)
    home.make_folder(half_made.name)
    # macOS has no C.UTF-8 of its own; PostgreSQL's built-in one decides order and case everywhere.
    locale = "C" if sys.platform == "darwin" else "C.UTF-8"
    options = ["--username=postgres", "--auth=reject", "--encoding=UTF8", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={locale}"]
    run([home.binaries.initdb, *options, *([] if durable else ["--no-sync"]), "-D", half_made], home.account, home.folder)
    (half_made / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n", "utf-8")
    # Single-user mode takes one statement a line and needs neither a port nor a superuser's password.
    statements = (
        f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD '{password}'\n"
        f"CREATE DATABASE {NAME} OWNER {NAME}\n"
    )
    quiet = {"exit_on_error": "on", "log_min_error_statement": "panic"} | (DURABLE if durable else THROWAWAY)
    run([home.binaries.postgres, "--single", "-D", half_made, *_options(quiet), "postgres"], home.account, home.folder, statements)
    half_made.rename(home.folder / FOLDER)


def command(home: Home, port: int, *, durable: bool) -> list[str | Path]:
    """The command line of the server."""
    settings = SETTINGS | (DURABLE if durable else THROWAWAY) | {"port": str(port)}
    return [home.binaries.postgres, "-D", home.folder / FOLDER, *_options(settings)]


def is_ready(home: Home, child: subprocess.Popen[bytes]) -> bool:
    """Whether this very process accepts connections."""
    try:
        lines = (home.folder / FOLDER / POSTGRES.pid_file).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATUS_LINE and lines[0] == str(child.pid) and lines[STATUS_LINE].strip() == "ready"


def log_text(home: Home) -> str:
    """What the newest of the daily logs holds."""
    logs = sorted((home.folder / FOLDER / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
    return logs[-1].read_text("utf-8", "replace") if logs else ""


def _options(settings: dict[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
