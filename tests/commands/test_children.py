"""The processes that serve do not know the password of the tables' owner."""

import socket

from server.commands import children

NAME = "DATABASE_OWNER_URL"


def test_no_process_that_serves_knows_the_owner() -> None:
    environment = {NAME: "postgres://tuisan:secret@127.0.0.1/tuisan", "DATABASE_URL": "postgres://app@127.0.0.1/tuisan"}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        started = [
            *children.api(listening, 2, environment),
            *children.sandbox(listening, environment),
            *children.workers(1, environment),
        ]
    assert [child.environment[NAME] for child in started] == [""] * 4
    assert {child.environment["DATABASE_URL"] for child in started} == {environment["DATABASE_URL"]}
