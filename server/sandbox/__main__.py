"""`python -m server.sandbox FOLDER [--port 9000]`: a sandbox on its own, with identity and state in FOLDER."""

import argparse
from pathlib import Path

from server.sandbox.config import SandboxConfig
from server.sandbox.identity import make_identity
from server.sandbox.serve import serve


def main() -> None:
    """Serve on loopback until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m server.sandbox", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--push-url", help="where the mini program's message push goes")
    given = parser.parse_args()
    config = SandboxConfig.of(make_identity(given.folder), given.folder / "sandbox.sqlite", push_url=given.push_url)
    serve(config, "127.0.0.1", given.port)


if __name__ == "__main__":
    main()
