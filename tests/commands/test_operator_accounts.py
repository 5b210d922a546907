import re
from pathlib import Path

from server import db
from tests.support.cli import run
from tests.support.mall import Mall


async def test_an_operator_is_made_once_and_let_in_again(mall: Mall, tmp_path: Path) -> None:
    code, out, err = await run(mall, "operator", "create", "--name", "boss", "--role", "owner")
    assert (code, err) == (0, "")
    first = re.fullmatch(r"一次性密码 One-time password: (\S{16})\n", out)
    assert first
    code, _, err = await run(mall, "operator", "create", "--name", "boss", "--role", "owner")
    assert code == 1
    assert "boss" not in str(await db.fetch("SELECT password_hash FROM operators"))
    code, out, err = await run(mall, "operator", "reset", "--name", "boss", "--reason", "忘记密码")
    assert (code, err) == (0, "")
    again = re.fullmatch(r"一次性密码 One-time password: (\S{16})\n", out)
    assert again
    assert again[1] != first[1]
    code, _, err = await run(mall, "operator", "reset", "--name", "nobody", "--reason", "忘记密码")
    assert code == 1
    assert err
    actions = [row["action"] for row in await db.fetch("SELECT action FROM audit_log ORDER BY id")]
    assert len(actions) == 2
