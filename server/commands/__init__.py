"""The command line: one room per verb, each with its `verb` function."""

import typer

from server.commands import dev, migrate, serve, worker

app = typer.Typer(no_args_is_help=True, add_completion=False, help="推三返一商城 Tuisan Mall")

app.command("dev")(dev.verb)
app.command("serve")(serve.verb)
app.command("worker")(worker.verb)
app.command("migrate")(migrate.verb)
