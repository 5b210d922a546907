"""`python -m server`: the command line."""

from server.commands import app

app()
