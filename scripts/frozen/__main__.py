"""`python -m scripts.frozen`: compares this checkout with the committed records, or its speed with another one's."""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from scripts.files import ROOT
from scripts.frozen import live, ratios, speed
from scripts.frozen.check import problems_of, write


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Print the findings; return the exit code."""
    asked = _asked(arguments)
    if asked.what == "speed":
        return speed.main(speed.Asked(asked.other, asked.only, asked.rounds, asked.seconds))
    if asked.what == "ratios":
        return ratios.main(asked.names, write=asked.write)
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


def _asked(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m scripts.frozen", description=__doc__)
    parser.set_defaults(what="records")
    parser.add_argument("--write", action="store_true", help="write new records instead of comparing")
    of = parser.add_subparsers()
    pace = of.add_parser("speed", help="compare the speed with that of another checkout, in alternation")
    pace.set_defaults(what="speed")
    pace.add_argument("other", type=Path, help="folder of the other checkout, such as a worktree of an older commit")
    pace.add_argument("--rounds", type=_at_least_five, default=speed.ROUNDS, help="measured rounds of each checkout")
    pace.add_argument("--seconds", type=int, default=speed.SECONDS, help="length of a round")
    pace.add_argument(
        "--only", nargs="+", choices=speed.NAMES, default=speed.NAMES, metavar="NAME", help="which benches"
    )
    share = of.add_parser("ratios", help="run the benches and compare them with the kept ratios")
    share.set_defaults(what="ratios")
    share.add_argument("names", nargs="*", metavar="NAME", help="which benches; by default all but the large ones")
    share.add_argument("--write", action="store_true", help="keep the new figures instead of comparing")
    return parser.parse_args(arguments)


def _at_least_five(text: str) -> int:
    """Parse the number of rounds: fewer do not show a change among noise. Raises ValueError, ArgumentTypeError."""
    if int(text) < speed.ROUNDS:
        raise ArgumentTypeError(f"at least {speed.ROUNDS}, not {text}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
