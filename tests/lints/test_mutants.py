"""The list of planted defects fits the code, and the command that plants them says which ones the tests notice."""

import ast
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.files import ROOT
from scripts.mutants.listed import ROOMS, Listed, changed_since, misfit, read
from scripts.mutants.planting import planted
from scripts.mutants.run import main

CODE = """def fee(amount_fen: int) -> int:
    return amount_fen * 6 // 1000


def least() -> int:
    return 100
"""
TESTS = """from shop import fee


def test_the_fee_is_rounded_down() -> None:
    assert fee(999) == 5


def test_what_fails_by_itself() -> None:
    assert fee(999) == 6


def test_nothing() -> None:
    assert fee(0) == 0
"""
LIST = """
[[mutant]]
file = "shop.py"
find = "// 1000"
replace = "// 1000 + 1"
tests = ["tests/rules/test_shop.py::test_the_fee_is_rounded_down"]
why = "The fee would be a fen too high."

[[mutant]]
file = "shop.py"
find = "return 100"
replace = "return 200"
tests = ["tests/rules/test_shop.py::test_the_fee_is_rounded_down"]
why = "The least amount would be another."

[[mutant]]
file = "shop.py"
find = "return 300"
replace = "return 200"
tests = ["tests/rules/test_shop.py::test_the_fee_is_rounded_down"]
why = "It follows code that is gone."

[[mutant]]
file = "shop.py"
find = "def fee("
replace = "def charge("
tests = ["tests/rules/test_shop.py::test_nothing"]
why = "It cannot be imported."

[[mutant]]
file = "shop.py"
find = "* 6"
replace = "* 7"
tests = ["tests/rules/test_shop.py::test_what_fails_by_itself"]
why = "Its test fails anyway."
"""

SQL = "-- The fee.\nSELECT amount_fen * 6 / 1000;\n"
MAKER = """from pathlib import Path

text = Path("server/models/functions/fee.sql").read_text()
if "SELECT" not in text:
    raise ValueError("no migration can be made of this")
Path("server/migrations/0001_initial.py").write_text(f"UP = {text!r}")
"""
SQL_TESTS = """from importlib import import_module


def test_the_fee() -> None:
    assert "* 6" in import_module("server.migrations.0001_initial").UP
"""


def listed_sql(find: str, replace: str) -> str:
    """Return the entry of a defect in SQL."""
    tests = "tests/rules/test_schema.py::test_the_fee"
    return f"""
[[mutant]]
file = "server/models/functions/fee.sql"
find = "{find}"
replace = "{replace}"
tests = ["{tests}"]
why = "The fee would be another."
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of one file with a list of five defects; pytest runs there without our plugins."""
    files = {"shop.py": CODE, "tests/rules/test_shop.py": TESTS, f"{ROOMS}/till.toml": LIST, "pyproject.toml": ""}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("PYTEST_ADDOPTS", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def sql_project(project: Path) -> Path:
    """The same with a function in SQL, of which a migration is made, and four defects of it in a list of their own."""
    changes = [("* 6", "* 7"), ("The fee", "A fee"), ("SELECT", "SELEKT"), ("/ 1000", "/ 999")]
    files = {
        "server/models/functions/fee.sql": SQL,
        "server/migrations/0001_initial.py": f"UP = {SQL!r}",
        "scripts/initial_migration.py": MAKER,
        "tests/rules/test_schema.py": SQL_TESTS,
        f"{ROOMS}/sql.toml": "".join(listed_sql(*change) for change in changes),
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return project


@pytest.fixture
def tried(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """Return a function that runs the command on the project; it returns the exit code and a line for each defect."""

    def said(*arguments: str) -> tuple[int, list[str]]:
        code = main(arguments, project, libraries=())
        return code, capsys.readouterr().out.splitlines()

    return said


def test_every_listed_defect_fits_the_code_and_its_tests_are_there() -> None:
    listed = read(ROOT)
    assert {str(one): found for one in listed if (found := misfit(one.mutant, ROOT)) is not None} == {}
    assert len(listed) >= 120
    changes = [(one.mutant.file, one.mutant.find, one.mutant.replace) for one in listed]
    assert len(set(changes)) == len(changes)


def test_every_listed_defect_leaves_a_file_that_can_be_read() -> None:
    texts = {one.mutant.file: (ROOT / one.mutant.file).read_text("utf-8") for one in read(ROOT)}
    for one in read(ROOT):
        if one.mutant.file.endswith(".py"):
            ast.parse(one.mutant.planted(texts[one.mutant.file]), one.mutant.file)


def test_each_defect_is_planted_alone_and_what_became_of_it_is_told(
    project: Path, tried: Callable[..., tuple[int, list[str]]]
) -> None:
    code, said = tried()
    assert code == 1
    words = [line[:10].strip() for line in said if "till " in line]
    assert words == ["UNFIT", "UNPROVED", "caught", "NOT CAUGHT", "BROKEN"]
    (unfit,) = (number for number, line in enumerate(said) if line.startswith("UNFIT"))
    assert said[unfit].endswith("till 3: shop.py: It follows code that is gone.")
    assert said[unfit + 1].endswith("what it looks for stands there 0 times, not once: let the list follow the code")
    assert any("cannot import name 'fee'" in line for line in said)
    assert said[-1].startswith("mutants: 5 listed, 1 BROKEN, 1 NOT CAUGHT, 1 UNFIT, 1 UNPROVED, 1 caught; ")
    assert (project / "shop.py").read_text() == CODE


def test_a_good_end_and_the_choice_of_what_is_planted(tried: Callable[..., tuple[int, list[str]]]) -> None:
    code, said = tried("--room", "till:1")
    assert (code, said[-1].split(";")[0]) == (0, "mutants: 1 listed, 1 caught")
    assert tried("--list", "--pure", "--room", "till:4", "till:2")[1][-1] == "mutants: 2 in 1 rooms"
    assert tried("--list", "--room", "till")[1][-1] == "mutants: 5 in 1 rooms"
    assert tried("--file", "other") == (0, ["mutants: 0 listed, none to plant; 0 s"])
    assert tried("--room", "cellar") == (2, ["mutants: there is no room cellar"])


def test_a_defect_in_sql_is_planted_in_the_migration_too_and_taken_out_of_both(
    sql_project: Path, tried: Callable[..., tuple[int, list[str]]]
) -> None:
    code, said = tried("--room", "sql")
    assert code == 1
    assert [line[:10].strip() for line in said if "sql " in line] == ["caught", "NOT CAUGHT", "BROKEN", "NOT CAUGHT"]
    assert any("no migration can be made of this" in line for line in said)
    assert (sql_project / "server/models/functions/fee.sql").read_text() == SQL


def test_a_defect_in_sql_is_taken_out_when_somebody_interrupts(sql_project: Path) -> None:
    first = read(sql_project)[0].mutant
    files = [sql_project / first.file, sql_project / "server/migrations/0001_initial.py"]
    before = [file.read_text() for file in files]

    def interrupted() -> None:
        with planted(first, sql_project):
            assert all("* 7" in file.read_text() for file in files)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [file.read_text() for file in files] == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("[[mutant]]\nfile = 'shop.py'\n", "missing required field `find`"),
        ("[[mutant]]\nfile = 'a'\nfind = 'a'\nreplace = ''\ntests = []\nwhy = 'a'\n", "length >= 1"),
        ("mutant", "after a key"),
    ],
)
def test_a_list_that_cannot_be_read_is_told(
    project: Path, tried: Callable[..., tuple[int, list[str]]], wrong: str, said: str
) -> None:
    (project / ROOMS / "till.toml").write_text(wrong)
    code, (sentence,) = tried()
    assert code == 2
    assert sentence.startswith(f"mutants: {ROOMS}/till.toml: ")
    assert said in sentence


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("shop.py", None), "there is no such file"),
        (("shop.py", CODE + CODE), "what it looks for stands there 2 times, not once: let the list follow the code"),
        (("tests/rules/test_shop.py", "def test_other() -> None: ..."), "there is no such test: tests/rules/test_shop"),
        ((f"{ROOMS}/till.toml", LIST.replace("// 1000 + 1", "// 1000")), "it changes nothing"),
    ],
)
def test_what_no_longer_fits_says_why(project: Path, change: tuple[str, str | None], problem: str) -> None:
    name, text = change
    if text is None:
        (project / name).unlink()
    else:
        (project / name).write_text(text)
    found = misfit(read(project)[0].mutant, project)
    assert found is not None
    assert found.startswith(problem)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_changed_since_a_commit_is_taken(project: Path) -> None:
    def git(*arguments: str) -> None:
        names = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(project), *names, *arguments], check=True, capture_output=True)  # noqa: S607

    def numbers() -> list[int]:
        return [one.number for one in changed_since("HEAD", read(project), project)]

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "one")
    assert numbers() == []
    path = project / ROOMS / "till.toml"
    path.write_text(LIST.replace("return 200", "return 201", 1))
    assert numbers() == [2]
    path.write_text(LIST)
    (project / "shop.py").write_text(f"{CODE}\n")
    assert numbers() == [1, 2, 3, 4, 5]
    git("checkout", "--quiet", "shop.py")
    (project / ROOMS / "attic.toml").write_text(LIST[: LIST.index("[[mutant]]", 20)])
    assert [str(one) for one in changed_since("HEAD", read(project), project)] == []
    with pytest.raises(subprocess.CalledProcessError):
        changed_since("nothing", list[Listed](), project)
