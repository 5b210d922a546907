"""A warm process from which commands are forked: `python -m tests.support.warm`.

Importing the whole command line takes longer than most commands, so it is done here once. Each line on standard input
is a command, `{"args", "env", "out", "err"}`. Each line on standard output reports on a command: `{"pid"}` at its start
and `{"code"}` at its end. Each command runs in a process of its own, with its own loop and its own pool.
"""

import json
import os
import sys
from typing import Any, NoReturn

from server.__main__ import app


def _become(command: dict[str, Any]) -> NoReturn:
    os.environ.clear()
    os.environ.update(command["env"])
    for name, stream in (("out", 1), ("err", 2)):
        os.dup2(os.open(command[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["server", *command["args"]]
    app()
    sys.exit(0)


def _say(**what: int) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def serve() -> None:
    """Run one command after the other until standard input ends."""
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
        _say(pid=pid)
        _, status = os.waitpid(pid, 0)
        _say(code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
