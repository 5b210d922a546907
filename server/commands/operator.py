"""`operator`: panel accounts on the command line, for the first owner and for operators who are locked out."""

from pathlib import Path

import typer

from server.commands.operator_verbs import DATA, OPERATOR, act
from server.gateways.ports import Deps
from server.rules.operators import Role

app = typer.Typer(no_args_is_help=True, help="操作员 Accounts of the panel")


@app.command("create")
def create(
    name: str = typer.Option(..., help="账号名 Name of the account"),
    role: Role = typer.Option(..., help="角色 Role of the account"),
    data: Path | None = DATA,
) -> None:
    """新增操作员 Create an operator. Prints a one-time password, which must be changed at the first login."""
    from server.services.operators import accounts as operator_accounts

    act(data, lambda deps: operator_accounts.create(deps, name, role, OPERATOR), "一次性密码 One-time password: {}")


@app.command("reset")
def reset(
    name: str = typer.Option(..., help="账号名 Name of the account"),
    reason: str = typer.Option(..., help="原因 Reason"),
    data: Path | None = DATA,
) -> None:
    """重置密码和两步验证 Print a new one-time password; remove the second factor, the lock and all devices."""
    from server.services.operators import accounts as operator_accounts

    async def again(deps: Deps) -> str:
        return await operator_accounts.reset(deps, await operator_accounts.named(name), reason, OPERATOR)

    act(data, again, "一次性密码 One-time password: {}")
