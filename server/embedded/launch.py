"""Turn this process into an engine: drop root, tie its life to the owner's, exec.

Run as `python -I -S launch.py OWNER_PID SIGNAL UID GID PROGRAM ARGUMENT...`, never imported. It is a separate program
because `preexec_fn` is unsafe in a process with threads, and the unprivileged user may be unable to read root's Python.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(argv: list[str]) -> None:
    """Replace this process by PROGRAM, which gets SIGNAL when the thread that started us ends (Linux only)."""
    owner, signal, uid, gid = map(int, argv[:4])
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        # After setuid, which would clear the setting; before the check of the parent, so that no death is missed.
        if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
            sys.exit("prctl(PR_SET_PDEATHSIG) was refused")
        if os.getppid() != owner:
            sys.exit("the owner is gone")
    os.execv(argv[4], argv[4:])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
