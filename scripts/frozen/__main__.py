"""`python -m scripts.frozen`: holds this checkout to the committed records."""

import asyncio
import sys
from argparse import ArgumentParser
from pathlib import Path

from scripts.files import ROOT
from scripts.frozen import live
from scripts.frozen.check import problems_of, write


def main(arguments: list[str], root: Path = ROOT) -> int:
    """The exit code; findings are printed."""
    parser = ArgumentParser(prog="python -m scripts.frozen", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the records anew instead of comparing")
    asked = parser.parse_args(arguments)
    records = asyncio.run(live.of_all(root))
    if asked.write:
        write(records, root)
        print(f"frozen: {len(records)} records written")
        return 0
    found = list(problems_of(records, root))
    for sentence in found:
        print(sentence)
    print(f"frozen: {len(records)} records, {len(found)} differences that are not meant")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
