"""The command line: one room per verb."""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="推三返一商城 Tuisan Mall")
