import pytest

from server.rules import operators
from server.rules.operators import PERMISSIONS, ROLE_LABELS, Permission, Role, may


def test_every_permission_stands_in_the_table_and_the_owner_has_them_all() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(may(Role.OWNER, permission) for permission in Permission)
    assert set(ROLE_LABELS) == set(Role)


def test_an_auditor_sees_and_changes_nothing() -> None:
    allowed = {permission for permission in Permission if may(Role.AUDITOR, permission)}
    looking = {Permission.DASHBOARD, Permission.EXPORTS}
    assert allowed == looking | {permission for permission in Permission if permission.endswith(".view")}


def test_who_ships_does_not_decide_about_money_and_only_owners_manage_operators() -> None:
    shippers = PERMISSIONS[Permission.ORDERS_SHIP] - {Role.OWNER}
    assert not shippers & PERMISSIONS[Permission.REFUNDS_DECIDE]
    assert PERMISSIONS[Permission.WITHDRAWALS_DECIDE] == {Role.OWNER, Role.FINANCE}
    for permission in (Permission.OPERATORS_MANAGE, Permission.RULES_PUBLISH, Permission.COMMISSIONS_PUBLISH):
        assert PERMISSIONS[permission] == {Role.OWNER}


def test_the_fifth_failure_locks() -> None:
    assert [operators.locks(failures) for failures in range(7)] == [False] * 5 + [True] * 2


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short-1", "12"),
        ("x" * 129, "12"),
        ("aaaaaaaaaaaa", "重复"),
        ("my-Anna-secret-1", "账号名"),
        ("correct horse battery", None),
        ("桃花潭水深千尺不及汪伦送", None),
    ],
)
def test_passwords(password: str, problem: str | None) -> None:
    found = operators.password_problem(password, "anna")
    assert found is None if problem is None else problem in (found or "")
