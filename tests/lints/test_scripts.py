"""The scripts that record which code was tested, and the coverage floors."""

import subprocess
from pathlib import Path

import pytest

from scripts import affected, coverage_floors, tested
from scripts.coverage_floors import Floors, problems, tightened
from scripts.files import project_files
from scripts.lint.run import main as lint

LIST = """# why
always_full = ["server/rules/", "server/outbox.py"]

[below]
"server/app.py" = 80 # signal handlers
"server/worker.py" = 50.5
"""


@pytest.fixture
def floors(tmp_path: Path) -> Floors:
    path = tmp_path / "floors.toml"
    path.write_text(LIST)
    return Floors.read(path)


def test_what_is_made_or_private_is_not_of_the_project(tmp_path: Path) -> None:
    for name in (
        "a.py",
        ".env",
        ".venv/b.py",
        "node_modules/c.js",
        "server/__pycache__/d.pyc",
        ".ci/run",
        "server/e.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.relative_to(tmp_path).as_posix() for path in project_files(tmp_path)] == [
        "a.py",
        ".ci/run",
        "server/e.py",
    ]


def test_a_record_holds_until_code_changes(tmp_path: Path) -> None:
    code, text = tmp_path / "a.py", tmp_path / "README.md"
    code.write_text("a = 1")
    text.write_text("words")
    assert tested.main([], tmp_path) == 1
    assert tested.main(["--record", tested.fingerprint(tmp_path)], tmp_path) == 0
    assert tested.main([], tmp_path) == 0
    text.write_text("other words")
    assert tested.main([], tmp_path) == 0
    code.write_text("a = 2")
    assert tested.main([], tmp_path) == 1


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a repository with a server, a test and a script, all committed."""
    for name in ("server/a.py", "tests/test_a.py", "scripts/b.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("a = 1")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)  # noqa: S607
    return tmp_path


def test_what_was_covered_holds_until_server_or_tests_change(checkout: Path) -> None:
    assert tested.main(["--covered"], checkout) == 1
    tested.main(["--record", tested.fingerprint(checkout), "--covered"], checkout)
    assert len(tested.covered(checkout)["commit"]) == 40
    (checkout / "scripts" / "b.py").write_text("a = 2")
    assert tested.main(["--covered"], checkout) == 0
    (checkout / "tests" / "test_a.py").write_text("a = 2")
    assert tested.main(["--covered"], checkout) == 1


def test_a_run_whose_code_was_changed_meanwhile_covers_nothing(checkout: Path) -> None:
    code = tested.fingerprint(checkout)
    (checkout / "server" / "a.py").write_text("a = 2")
    tested.main(["--record", code, "--covered"], checkout)
    assert tested.main(["--covered"], checkout) == 1
    assert tested.main([], checkout) == 1


def test_the_rooms_that_changed_choose_their_tests(checkout: Path) -> None:
    (checkout / "server" / "handlers").mkdir()
    (checkout / "server" / "handlers" / "coupons.py").touch()
    assert affected.changed("HEAD", checkout) == ["server/handlers/coupons.py"]
    tests = [
        "tests/browser/test_coupons.py",
        "tests/handlers/admin/test_coupons.py",
        "tests/rules/test_coupons.py",
        "tests/services/coupons/test_claims.py",
        "tests/services/points/test_check_ins.py",
        "tests/stories/test_main_story.py",
    ]
    assert list(affected.affected(["server/handlers/coupons.py"], tests)) == [tests[1], tests[3], tests[5]]
    assert list(affected.affected([tests[4]], tests)) == [tests[4], tests[5]]


def test_without_a_commit_to_compare_with_nothing_is_chosen(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert affected.main([], checkout) == 1
    assert "name a commit" in capsys.readouterr().err
    (checkout / "tests" / "rules").mkdir()
    (checkout / "tests" / "test_a.py").write_text("a = 2")
    assert affected.main(["HEAD"], checkout) == 0
    assert capsys.readouterr().out == "tests/rules\ntests/test_a.py\n"


def test_floors_that_are_kept_say_nothing(floors: Floors) -> None:
    reached = {"server/app.py": 80.0, "server/worker.py": 99.9, "server/rules/a.py": 100.0, "server/other.py": 100.0}
    assert list(problems(floors, reached)) == []


@pytest.mark.parametrize(
    ("reached", "sentence"),
    [
        ({"server/app.py": 79.9}, "server/app.py: 79.9 % covered, floor is 80 %: test what is missing"),
        (
            {"server/other.py": 99.9},
            'server/other.py: 99.9 % covered, floor is 100 %: test what is missing, or list it: "server/other.py" = 99',
        ),
        ({"server/rules/a.py": 99.9}, "server/rules/a.py: 99.9 % covered, floor is 100 %: test what is missing"),
        ({"server/outbox.py": 0.0}, "server/outbox.py: 0.0 % covered, floor is 100 %: test what is missing"),
    ],
)
def test_a_broken_floor_is_named(floors: Floors, reached: dict[str, float], sentence: str) -> None:
    [first] = problems(floors, {"server/app.py": 90.0, "server/worker.py": 90.0} | reached)
    assert first.startswith(sentence)


def test_a_money_room_cannot_be_listed_and_a_gone_file_leaves_the_list(floors: Floors) -> None:
    listed = Floors(floors.always_full, {"server/rules/a.py": 50, "server/gone.py": 1})
    assert [sentence.split(":")[0] for sentence in problems(listed, {"server/rules/a.py": 80.0})] == [
        "server/rules/a.py",
        "server/gone.py",
    ]


def test_tightening_only_ever_raises(floors: Floors) -> None:
    raised = tightened(LIST, floors, {"server/app.py": 91.7, "server/worker.py": 40.0})
    assert raised.splitlines()[-2:] == ['"server/app.py" = 91 # signal handlers', '"server/worker.py" = 50.5']
    assert tightened(LIST, floors, {"server/app.py": 100.0}).endswith("[below]\n")


def test_this_projects_own_list_is_well_formed() -> None:
    floors = Floors.read(Path(coverage_floors.__file__).with_suffix(".toml"))
    assert not list(filter(floors.must_be_full, floors.below))


def test_linting_a_folder_prints_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = tmp_path / "server" / "services"
    room.mkdir(parents=True)
    (room / "a.py").write_text("await order.save()\n")
    (room / "picture.png").write_bytes(b"\x89PNG\0")
    assert lint(tmp_path) == 1
    assert "over 1 files, 1 breaches" in capsys.readouterr().out
    (room / "a.py").write_text("await order.save(update_fields=['a'])\n")
    assert lint(tmp_path) == 0
