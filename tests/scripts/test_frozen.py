"""Frozen records: they are read back exactly, every difference is one sentence, and the real records fit the code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from scripts.frozen import catalogue, jobs, keys, live
from scripts.frozen.__main__ import main
from scripts.frozen.check import DIFFERENCES, problems_of, write
from scripts.frozen.compare import Change, Difference, Objects, changes, problems, read_differences
from scripts.frozen.forms import read, read_openapi, written, written_json

BEFORE = {
    "column orders.paid_at": "timestamptz, null",
    "function f()": "BEGIN\n  a;\n\nEND",
    "table a": "x",
}
ENTRY = '[[difference]]\nrecord = "catalogue"\nobject = "table a"\nkind = "changed"\nreason = "it is another table"\n'


def test_a_record_is_read_back_as_it_was() -> None:
    objects = BEFORE | {"empty": "", "bar": "  | x", "GET /a/<b:int>": "a: b", "spaces": "a  \n  b\n"}
    text = written(objects)
    assert text.startswith("GET /a/<b:int>: a: b\nbar:   | x\ncolumn orders.paid_at: ")
    assert "function f():\n  | BEGIN\n  |   a;\n  |\n  | END\n" in text
    assert read(text) == objects
    assert read("") == {}


@pytest.mark.parametrize("text", ["a\n", "b: 1\na: 1\n", "a: 1\na: 1\n", "a: 1", "  | lost\na: 1\n", "a:\n  |x\n"])
def test_a_record_edited_by_hand_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a line|twice|not written"):
        read(text)


@pytest.mark.parametrize("name", ["a: b", "a:", "a\nb", " a"])
def test_a_name_that_could_not_be_read_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        written({name: "x"})


def test_what_came_went_and_changed_is_told_object_by_object() -> None:
    after = {"column orders.paid_at": "timestamptz, not null", "function f()": "BEGIN\n  b;\n\nEND"}
    assert [str(one) for one in changes("catalogue", BEFORE, after | {"index i": "…"})] == [
        "catalogue: column orders.paid_at was changed: `timestamptz, null` → `timestamptz, not null`",
        "catalogue: function f() was changed in line 2: `  a;` → `  b;`",
        "catalogue: index i was added",
        "catalogue: table a was removed",
    ]
    assert list(changes("catalogue", BEFORE, dict(reversed(BEFORE.items())))) == []


def test_a_line_that_is_gone_or_long_is_told_shortly() -> None:
    (gone,) = changes("r", {"f": "a\nb"}, {"f": "a"})
    assert gone.how == " in line 2: `b` → no such line"
    (long,) = changes("r", {"f": "x" * 500 + "1" + "y" * 500}, {"f": "x" * 500 + "2" + "y" * 500})
    assert long.how == f": `…{'x' * 40}1{'y' * 119}…` → `…{'x' * 40}2{'y' * 119}…`"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ENTRY.replace("it is another table", "because"), "the reason has fewer than 10 characters"),
        (ENTRY.replace("it is another table", "because    "), "the reason has fewer than 10 characters"),
        (ENTRY.replace("changed", "moved"), "the kind is added, removed, changed, not 'moved'"),
        (ENTRY.replace('object = "table a"\n', ""), "object 'missing': an entry has the texts"),
        (ENTRY.replace('"table a"', "1"), "object 1: an entry has the texts"),
        (ENTRY + ENTRY, "record 'catalogue', object 'table a': listed twice"),
        (ENTRY.replace("[[difference]]", "[[differences]]"), "`differences` means nothing here"),
    ],
)
def test_a_malformed_list_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read_differences(text)
    assert sentence in str(refused.value)


def test_a_difference_is_listed_as_what_it_is_for_as_long_as_it_is_there() -> None:
    meant = read_differences(ENTRY)
    assert meant == [Difference("catalogue", "table a", "changed", "it is another table")]
    change = Change("catalogue", "table a", "changed", ": `x` → `y`")
    assert list(problems([change], meant)) == []
    assert list(problems([change], [])) == [
        "catalogue: table a was changed: `x` → `y`; undo it, or list it with its reason"
    ]
    assert list(problems([], meant)) == [
        "catalogue: table a is listed as changed, and is as it was; take it off the list"
    ]
    assert list(problems([Change("catalogue", "table a", "removed", "")], meant)) == [
        "catalogue: table a was removed, but is listed as changed; undo it, or list what it is"
    ]
    assert next(problems([Change("keys", "table a", "changed", "")], meant)).startswith("keys: table a was changed;")


def test_a_call_and_a_schema_of_the_document_are_objects_of_their_own() -> None:
    document: dict[str, Any] = {
        "info": {"version": "1"},
        "paths": {"/api/a": {"get": {"summary": "A"}, "put": {"summary": "B"}}},
        "components": {"schemas": {"Order": {"required": ["no", "at"]}}, "securitySchemes": {}},
    }
    before = read_openapi(written_json(document))
    assert list(before) == ["operation GET /api/a", "operation PUT /api/a", "schema Order", "document"]
    document["paths"]["/api/a"].pop("put")
    document["components"]["schemas"]["Order"]["required"] = ["no"]
    assert [(one.object, one.kind) for one in changes("openapi", before, read_openapi(written_json(document)))] == [
        ("operation PUT /api/a", "removed"),
        ("schema Order", "changed"),
    ]


def test_what_is_written_for_a_job_is_found_in_calls_and_in_sql(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server/a.py").write_text(
        'Job("grow", {"order_id": 1}, at)\noutbox.Job("grow", {"order_id": 1, "by": name})\nJob("gone", args)\n'
        "sql = 'INSERT INTO outbox (job)' \" SELECT 'close_cycle', jsonb_build_object('member_id', m, 'at', 1)\"\n"
    )
    found = jobs.objects(tmp_path)
    assert found["job grow"] == "reads {order_id}; written with {by, order_id} or {order_id}"
    assert found["job close_cycle"] == "reads {member_id}; written with {at, member_id}"
    assert found["job gone"] == "reads not in the registry; written with {(computed)}"
    assert found["job send_refund"] == "reads {refund_id}; written with nowhere"


def test_composed_keys_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "server/services/rebates/views").mkdir(parents=True)
    (tmp_path / "server/services/rebates/a.py").write_text(
        "key = f'rebate:{row.id}:reversal'\nother = f'{key}:void'\ntext = f'a sentence: {key}'\nboth = f'{a}:{b}'\n"
    )
    found = keys.objects(tmp_path)
    assert {name for name in found if name.startswith("text")} == {"text rebate:{}:reversal", "text {}:void"}


def test_a_type_without_a_sample_is_named() -> None:
    with pytest.raises(TypeError, match=r"share: .*float.* has no sample value"):
        keys.sample("share", float)


def test_this_code_is_as_its_records_say() -> None:
    assert list(problems_of(live.of_code())) == []


def test_a_route_a_job_and_a_key_that_change_are_noticed(tmp_path: Path) -> None:
    made = live.of_code()
    record(made, tmp_path)
    routes, routes_before = dict(made["routes"]), made["routes"]
    refund = "POST /admin/orders/<order_no:str>/refund"
    assert routes_before[refund] == "admin_orders.refund, permission refunds.decide"
    assert routes.pop("POST /api/orders") == "orders.place, auth member, idempotency key"
    routes[refund] = "admin_orders.refund, any operator"
    told = dict(made["keys"])
    told["entry order_paid"] = told["entry order_paid"].replace("key order-paid:", "key paid-order:")
    works = {name: text for name, text in made["jobs"].items() if name != "job grow"}
    found = list(problems_of({"routes": routes, "keys": told, "jobs": works}, tmp_path))
    assert [sentence.partition(";")[0] for sentence in found] == [
        f"routes: {refund} was changed: `{routes_before[refund]}` → `admin_orders.refund, any operator`",
        "routes: POST /api/orders was removed",
        "keys: entry order_paid was changed in line 1: `key order-paid:<order_no>` → `key paid-order:<order_no>`",
        "jobs: job grow was removed",
    ]


def record(made: Mapping[str, Objects], root: Path) -> None:
    """Write records of what there is now, without any difference that is meant."""
    write(made, root)
    (root / DIFFERENCES).write_text("")


def test_records_written_anew_hold_and_a_listed_difference_that_vanished_does_not(tmp_path: Path) -> None:
    made = {"catalogue": {"table a": "x"}, "jobs": {"job a": "reads {}"}}
    write(made, tmp_path)
    (tmp_path / DIFFERENCES).write_text("")
    assert list(problems_of(made, tmp_path)) == []
    made["catalogue"]["table a"] = "y"
    (tmp_path / DIFFERENCES).write_text(ENTRY)
    assert list(problems_of(made, tmp_path)) == []
    write(made, tmp_path)
    assert list(problems_of(made, tmp_path)) == [
        "catalogue: table a is listed as changed, and is as it was; take it off the list"
    ]
    assert list(problems_of({"jobs": made["jobs"]}, tmp_path)) == []
    (tmp_path / DIFFERENCES).write_text(ENTRY.replace('"catalogue"', '"tables"'))
    assert list(problems_of(made, tmp_path)) == [
        "tables: there is no such record, and the list of differences names it"
    ]


async def test_the_migrated_database_is_as_its_record_says(own_owner_url: str) -> None:
    assert list(problems_of({"catalogue": await catalogue.objects(own_owner_url)})) == []


async def test_what_changes_in_the_database_is_told_but_not_the_order_of_columns(
    own_owner_url: str, tmp_path: Path
) -> None:
    record({"catalogue": await catalogue.objects(own_owner_url)}, tmp_path)
    connection = await asyncpg.connect(own_owner_url)
    await connection.execute(
        "ALTER TABLE orders DROP COLUMN close_reason, ADD COLUMN close_reason varchar(20);"
        " ALTER TABLE orders ALTER COLUMN remark TYPE text;"
        " ALTER TABLE products RENAME CONSTRAINT products_shelf TO products_shelves;"
        " DROP INDEX ledger_entries_link; DROP TRIGGER ledger_entries_immutable ON ledger_entries;"
        " CREATE OR REPLACE FUNCTION outbox_put(p_jobs jsonb, p_at timestamptz) RETURNS void LANGUAGE sql AS 'SELECT';"
        " GRANT SELECT ON skus TO public; CREATE SEQUENCE numbers; CREATE TYPE mood AS ENUM ('bad', 'good')"
    )
    await connection.close()
    found = list(problems_of({"catalogue": await catalogue.objects(own_owner_url)}, tmp_path))
    assert [sentence.partition(";")[0].partition(" in line")[0].partition(": `")[0] for sentence in found] == [
        "catalogue: column orders.remark was changed",
        "catalogue: constraint products.products_shelf was removed",
        "catalogue: constraint products.products_shelves was added",
        "catalogue: function outbox_put(p_jobs jsonb, p_at timestamp with time zone) was changed",
        "catalogue: grants on table skus was added",
        "catalogue: index ledger_entries_link was removed",
        "catalogue: sequence numbers was added",
        "catalogue: trigger ledger_entries.ledger_entries_immutable was removed",
        "catalogue: type mood was added",
    ]
    assert "`character varying(200), not null` → `text, not null`" in found[0]


@pytest.mark.slow
def test_the_command_writes_records_that_it_then_finds_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "server").symlink_to(Path(live.__file__).parents[2] / "server")
    assert main(["--write"], tmp_path) == 0
    (tmp_path / DIFFERENCES).write_text(ENTRY)
    assert main([], tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "frozen: 5 records written",
        "catalogue: table a is listed as changed, and is as it was; take it off the list",
        "frozen: 5 records, 1 differences that are not meant",
    ]
