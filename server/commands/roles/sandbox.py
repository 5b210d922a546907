"""The WeChat sandbox of `dev` on the socket that it inherited. Its identity and state are in the data folder."""

import asyncio
import os
import socket

from server.commands import heart, logs
from server.commands.environment import CLOCK_FILE
from server.commands.roles import LISTEN_FD
from server.core.clock import SharedClock
from server.sandbox.app import SandboxApp, create_sandbox
from server.sandbox.config import SandboxConfig
from server.sandbox.identity import make_identity
from server.settings import Settings


def main() -> None:
    """Serve until SIGTERM."""
    logs.set_up()
    settings = Settings.from_env(os.environ)
    if settings.data_dir is None:
        raise SystemExit("DATA_DIR: missing")
    clock = SharedClock(settings.data_dir / CLOCK_FILE)
    config = SandboxConfig.of(
        make_identity(settings.data_dir),
        settings.data_dir / "sandbox.sqlite",
        push_url=f"{settings.public_base_url}/wechat/push",
        clock=lambda: clock.now().timestamp(),
    )
    app = create_sandbox(config)

    async def live(app: SandboxApp) -> None:
        app.ctx.heart = asyncio.create_task(heart.beat())

    app.register_listener(live, "after_server_start")
    listening = socket.socket(fileno=int(os.environ[LISTEN_FD]))
    app.run(sock=listening, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
