"""One worker process."""

import os
import sys

from server.commands import logs
from server.commands.worker import run_worker
from server.settings import Settings

if __name__ == "__main__":
    logs.set_up()
    sys.exit(run_worker(Settings.from_env(os.environ, said=True)))
