"""Messages: operators can use in a template exactly the values that come with its event."""

import ast
from pathlib import Path

import orjson

from server import rules
from server.rules.notices import VALUES

SERVER = Path(rules.__file__).parents[1]


def test_every_message_of_the_demo_shop_shows_what_comes_with_it() -> None:
    for one in orjson.loads((SERVER / "seed" / "data" / "notices.json").read_bytes()):
        assert set(one["fields"].values()) <= set(VALUES[one["key"]]), one["key"]


def test_every_message_that_is_sent_is_known() -> None:
    sent = {
        node.args[1].value
        for file in (SERVER / "services").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) == "notice_job"
        and isinstance(node.args[1], ast.Constant)
    }
    assert sent <= set(VALUES)
    assert {"paid", "shipped", "refund"} <= sent
