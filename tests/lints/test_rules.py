"""Each house rule finds code that breaks it, and accepts code that keeps it."""

import re
from textwrap import dedent

import pytest

from scripts.lint.run import RULES, WHOLE_RULES, examine, examine_all
from scripts.lint.source import Source

PYPI = "py" + "pi.org"
HOME = "/ho" + "me"

BROKEN = [
    # (rule, path, code, a part of the advice)
    ("money", "server/rules/pricing.py", "RATE = 0.5", "the float 0.5"),
    ("money", "server/rules/pricing.py", "half = price // 2 + price / 2", "division"),
    ("money", "server/core/money.py", "total /= 3", "division"),
    ("money", "server/ledger/entries.py", "x = float(line)", "`float`"),
    ("money", "server/ledger/entries.py", "def f(line: float) -> None: ...", "`float`"),
    ("money", "server/rules/levels.py", "x = round(a)", "round"),
    ("money", "server/services/orders.py", "half = order.paid_fen / 2", "division"),
    ("money", "server/services/orders.py", "part = ratio_bp * 0.0001", "the float 0.0001"),
    ("money", "server/services/orders.py", "paid_fen /= 2", "division"),
    ("money", "server/handlers/shop/orders.py", "yuan = float(order.paid_fen)", "`float`"),
    ("money", "server/handlers/shop/orders.py", "yuan = round(order.paid_fen, -2)", "round"),
    ("amount-type", "server/services/a.py", "def pay(amount_fen: float) -> None: ...", "annotated float"),
    ("amount-type", "server/services/a.py", "def pay(*, amount_fen: str) -> None: ...", "annotated str"),
    ("amount-type", "tests/a.py", "ratio_bp: Decimal = one()", "annotated Decimal"),
    ("amount-type", "server/services/a.py", "class A:\n    paid_fen: int | float", "annotated int | float"),
    ("clock", "server/services/a.py", "moment = datetime.now(UTC)", "take a Clock"),
    ("clock", "server/services/a.py", "moment = datetime.datetime.utcnow()", "take a Clock"),
    ("clock", "server/models/a.py", "created_at = field(default=datetime.now)", "take a Clock"),
    ("clock", "server/jobs/a.py", "day = date.today()", "take a Clock"),
    ("clock", "server/jobs/a.py", "seconds = time.time()", "take a Clock"),
    ("clock", "server/jobs/a.py", "from time import time\nseconds = time()", "take a Clock"),
    (
        "clock",
        "server/services/a.py",
        "q = 'UPDATE orders SET paid_at = now() WHERE id = $1'",
        "database's clock (now())",
    ),
    ("clock", "server/services/a.py", "q = f'SELECT * FROM {t} WHERE due < CURRENT_TIMESTAMP'", "database's clock"),
    ("swallowed", "server/jobs/a.py", "try:\n    f()\nexcept:\n    raise", "bare except"),
    ("swallowed", "server/jobs/a.py", "try:\n    f()\nexcept ValueError:\n    pass", "swallowed"),
    (
        "swallowed",
        "tests/a.py",
        "for x in y:\n    try:\n        f()\n    except ValueError:\n        continue",
        "swallowed",
    ),
    ("swallowed", "scripts/a.py", "try:\n    f()\nexcept OSError:\n    ...", "swallowed"),
    ("swallowed", "server/jobs/a.py", "try:\n    f()\nexcept Exception as e:\n    log.error(e)", "catches everything"),
    ("swallowed", "server/jobs/a.py", "try:\n    f()\nexcept (OSError, BaseException):\n    g()", "catches everything"),
    ("swallowed", "server/jobs/a.py", "with contextlib.suppress(Exception):\n    f()", "suppresses everything"),
    (
        "transaction",
        "server/services/a.py",
        "from tortoise.transactions import in_transaction",
        "use its transaction()",
    ),
    ("transaction", "server/services/a.py", "async with transactions.in_transaction(): ...", "use its transaction()"),
    (
        "transaction",
        "server/services/a.py",
        "@transactions.atomic()\nasync def f() -> None: ...",
        "use its transaction()",
    ),
    (
        "ledger-tables",
        "server/jobs/a.py",
        "from server.models import LedgerLine, Order",
        "LedgerLine is for server/ledger/",
    ),
    ("ledger-tables", "server/jobs/a.py", "from server.models import ledger", "ledger is for server/ledger/"),
    ("job-sql", "server/jobs/a.py", "await db.fetch('SELECT id FROM orders')", "use case"),
    ("job-sql", "server/jobs/a.py", "sql = f'DELETE FROM {table} WHERE id = $1'", "use case"),
    ("job-sql", "server/jobs/a.py", "await tx.execute('UPDATE orders SET status = $1')", "use case"),
    ("save", "server/services/a.py", "await order.save()", "update_fields"),
    ("save", "server/services/a.py", "await order.save(using_db=tx)", "update_fields"),
    ("lock", "server/services/a.py", "q = 'SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE'", "common/locks.py"),
    ("lock", "server/services/a.py", "q = f'SELECT * FROM {t} WHERE id = $1 FOR UPDATE'", "`FOR UPDATE` locks rows"),
    ("lock", "server/services/a.py", "q = 'SELECT 1 FROM a' ' FOR SHARE OF a'", "`FOR SHARE` locks rows"),
    ("lock", "server/services/a.py", "q = 'SELECT 1 FROM a FOR KEY SHARE SKIP LOCKED'", "`FOR KEY SHARE` locks rows"),
    (
        "chosen-once",
        "server/outbox.py",
        "q = 'UPDATE a SET b = 1 WHERE id IN (SELECT id FROM a LIMIT 1 FOR UPDATE SKIP LOCKED)'",
        "ANY",
    ),
    ("typed-rows", "server/services/orders/a.py", "def pay(order: dict[str, Any]) -> None: ...", "db.typed"),
    (
        "typed-rows",
        "server/services/orders/a.py",
        "async def f(rows: list[Mapping[str, Any]]) -> None: ...",
        "db.typed",
    ),
    ("typed-rows", "server/ledger/a.py", "def lock(no: str) -> asyncpg.Record: ...", "db.typed"),
    ("typed-rows", "server/ledger/a.py", "def pay(row: asyncpg.Record) -> Paid: ...", "db.typed"),
    ("typed-rows", "server/services/coupons/a.py", "class A:\n    row: dict[str, Any]", "db.typed"),
    ("task", "server/services/a.py", "asyncio.create_task(f())", "outbox"),
    ("task", "server/handlers/a.py", "request.app.add_task(f())", "outbox"),
    ("task", "server/jobs/a.py", "async with TaskGroup() as group:\n    group.create_task(f())", "outbox"),
    ("function-size", "server/services/a.py", "def f() -> None:\n" + "    g()\n" * 70, "f() has 71 lines"),
    ("function-size", "tests/a.py", "async def f() -> None:\n" + "    g()\n" * 70, "f() has 71 lines"),
    ("file-size", "server/services/a.py", "a = 1\n" * 401, "401 lines"),
    ("file-size", "miniprogram/pages/a.js", "let a\n" * 401, "401 lines"),
    ("registry", "deploy/Dockerfile", f"RUN pip install -i https://{PYPI}/simple x", PYPI),
    ("registry", "requirements.lock", "--index-" + "url https://some.where/simple", "own settings"),
    ("registry", "package-lock.json", '"resolved' + '": "https://some.where/x.tgz"', "own settings"),
    ("machine-path", "docs/guide.md", f"cd {HOME}/somebody/mall", f"{HOME}/somebody"),
    ("machine-path", "scripts/a.sh", f'data="{HOME}/x"', f"{HOME}/x"),
    ("browser", "miniprogram/pages/a.ts", "const wide = window.innerWidth", "`window` is there in browsers only"),
    ("browser", "miniprogram/lib/a.ts", "localStorage['a'] = b", "ask wx"),
    ("yuan", "miniprogram/pages/a.ts", "const shown = order.paid_fen / 100", "paid_fen / 100"),
    ("yuan", "miniprogram/pages/a.ts", "const shown = sum.toFixed(2)", "leave it to lib/money"),
    ("yuan", "miniprogram/pages/a.wxml", "<text>¥{{price}}</text>", "leave it to lib/money or <price>"),
    ("touch", "miniprogram/pages/a.wxml", '<view bindtap="go">去</view>', 'aria-role="button" (acts)'),
    ("touch", "miniprogram/pages/a.wxml", '<view\n  catch:tap="go"\n  class="x"\n>去</view>', "can be tapped"),
    (
        "touch",
        "miniprogram/pages/a.wxml",
        '<view aria-role="button" bindtap="go"><t-icon name="x" /></view>',
        "give it an aria-label",
    ),
    ("unfinished", "server/services/a.py", "# TO" + "DO: later", "do it now"),
    ("unfinished", "miniprogram/pages/a.wxss", "/* FIX" + "ME */", "open an issue"),
]

KEPT = [
    ("server/services/orders/a.py", "def _view(row: asyncpg.Record) -> OrderView: ..."),
    ("server/services/orders/a.py", "def pay(order: LockedOrder, prices: dict[str, int]) -> None: ..."),
    ("server/rules/pricing.py", "part = amount_fen * ratio_bp // 10_000"),
    ("server/services/a.py", "seconds = elapsed / 2\nratio = hits / (hits + misses)"),
    (
        "server/services/a.py",
        "def pay(amount_fen: int, cap_fen: int | None, parts_fen: dict[str, list[Fen]]) -> None: ...",
    ),
    ("tests/rules/test_a.py", "assert paid_fen / 2 == 1.5"),
    ("server/core/clock.py", "moment = datetime.now(UTC)"),
    ("server/sandbox/clock.py", "moment = datetime.now(UTC)"),
    ("server/services/a.py", "moment = deps.clock.now()"),
    ("server/services/a.py", '"""What now() is, and when."""'),
    ("server/services/a.py", "q = 'UPDATE orders SET paid_at = $2 WHERE id = $1'"),
    ("tests/a.py", "moment = datetime.now(UTC)"),
    ("server/a.py", "try:\n    f()\nexcept Exception:\n    log.exception('page someone')\n    raise"),
    ("server/a.py", "with contextlib.suppress(ProcessLookupError):\n    f()"),
    ("server/a.py", "try:\n    f()\nexcept KeyError as error:\n    raise NotFound from error"),
    ("server/db.py", "from tortoise.transactions import in_transaction\nasyncio.create_task(f())"),
    ("server/services/a.py", "await order.save(update_fields=['status'])"),
    ("server/services/common/locks.py", "q = 'SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE'"),
    ("server/outbox.py", "q = 'SELECT id FROM outbox FOR UPDATE SKIP LOCKED'"),
    ("server/services/a.py", "q = 'UPDATE orders SET why = $2 WHERE id = $1'"),
    ("server/outbox.py", "q = 'DELETE FROM a WHERE id = ANY (ARRAY(SELECT id FROM a LIMIT 1 FOR UPDATE SKIP LOCKED))'"),
    ("server/services/a.py", "q = '''\nSELECT 1 FROM a FOR SHARE\n'''  # " + "house: lock - it has a reason"),
    ("server/ledger/statement.py", "from server.models import LedgerLine"),
    ("server/jobs/a.py", '"""Select and update what is due."""\nawait orders.close(deps, order_id)'),
    ("server/services/posters.py", "image.save(buffer, 'PNG')"),
    ("server/commands/dev.py", "asyncio.create_task(f())"),
    ("server/services/a.py", "def f() -> None:\n" + "    g()\n" * 69),
    ("server/services/a.py", "a = 1\n" * 400),
    ("server/migrations/0001.py", "a = 1\n" * 401),
    ("docs/a.md", "a\n" * 401),
    ("docs/a.md", "See https://example.com/" + "home/of/it and server/" + "work/it.py, {root}/" + "work/it."),
    ("docs/a.md", "Packages come from wherever your pip and npm are set to look."),
    ("scripts/h5/runtime/a.ts", "window.scrollTo(0, 0)"),
    ("miniprogram/lib/a.ts", "wx.createSelectorQuery().in(page.window.frame)\nconst location = await wx.getLocation()"),
    ("miniprogram/lib/money.ts", "const whole = Math.floor(fen / 100)"),
    ("miniprogram/components/ring.ts", "const two = Math.round(angle * 100) / 100"),
    ("miniprogram/components/price/index.wxml", "<text>¥</text><text>{{whole}}</text>"),
    ("miniprogram/pages/a.wxml", '<view aria-role="button" bindtap="go"><text>{{a}}</text></view>'),
    ("miniprogram/pages/a.wxml", '<view aria-role="button" aria-label="关闭" bindtap="go"><t-icon name="x" /></view>'),
    (
        "miniprogram/pages/a.wxml",
        '<button bindtap="go"/><my-card bind:tap="go"/><view bind:change="go">{{a > b}}</view>',
    ),
]


def found(path: str, code: str) -> list[tuple[str, str]]:
    return [(finding.rule, finding.advice) for finding in examine(Source(path, code))]


@pytest.mark.parametrize(("rule", "path", "code", "advice"), BROKEN)
def test_breach_is_found_by_its_rule_alone(rule: str, path: str, code: str, advice: str) -> None:
    breaches = found(path, code)
    assert {name for name, _ in breaches} == {rule}
    assert any(advice in text for _, text in breaches)


@pytest.mark.parametrize(("path", "code"), KEPT)
def test_what_keeps_the_rules_passes(path: str, code: str) -> None:
    assert found(path, code) == []


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {rule.name for rule in RULES} == {rule for rule, *_ in BROKEN}


PAGE = "miniprogram/pages/a/index"
SMALL_SHOP = {
    "miniprogram/app.json": '{"pages": ["pages/a/index"], "subPackages": [{"root": "m", "pages": ["pages/b/index"]}]}',
    f"{PAGE}.json": '{"usingComponents": {"tag": "/components/tag/index", "t-icon": "tdesign-miniprogram/icon/icon"}}',
    f"{PAGE}.ts": "Page({ data: { look: 'warm' } })",
    f"{PAGE}.wxml": '<tag class="one {{look}} big-{{size}}"><t-icon name="x" /></tag>',
    f"{PAGE}.wxss": ".one, .warm { color: red }\n.big-l .t-icon { margin: 0.5rpx }",
    "miniprogram/m/pages/b/index.json": "{}",
    "miniprogram/m/pages/b/index.ts": "Page({})",
    "miniprogram/m/pages/b/index.wxml": '<view class="note">字</view>',
    "miniprogram/components/tag/index.json": '{"component": true}',
    "miniprogram/components/tag/index.ts": "Component({})",
    "miniprogram/components/tag/index.wxml": "<slot />",
    "miniprogram/theme/common.wxss": ".note { color: red }",
}


def found_in_shop(changes: dict[str, str]) -> list[str]:
    shop = {path: text for path, text in (SMALL_SHOP | changes).items() if text}
    return [str(finding) for finding in examine_all(Source(path, text) for path, text in shop.items())]


def test_a_shop_whose_files_agree_passes() -> None:
    assert found_in_shop({}) == []


DISAGREEING = [
    (
        {"miniprogram/m/pages/b/index.ts": ""},
        "miniprogram/app.json:1: [route] m/pages/b/index is listed and not there",
    ),
    (
        {"miniprogram/app.json": '{"pages": ["pages/a/index"]}'},
        "miniprogram/m/pages/b/index.json:1: [route] this page is not in app.json",
    ),
    ({"miniprogram/components/tag/index.json": ""}, f"{PAGE}.json:1: [component] `tag`: there is no component"),
    (
        {f"{PAGE}.wxml": '<tag class="one big-{{x}}" />'},
        f"{PAGE}.json:1: [component] `t-icon` is declared and not used",
    ),
    (
        {"miniprogram/m/pages/b/index.wxml": '\n<price class="note" />'},
        "miniprogram/m/pages/b/index.wxml:2: [component] <price> is used and not declared in index.json",
    ),
    ({f"{PAGE}.wxss": "/* .a */\n.one,\n.gone { color: red }"}, f"{PAGE}.wxss:3: [class] nothing has the class `gone`"),
    (
        {"server/services/members/a.py": "def f(row: dict[str, Any]) -> None: ..."},
        "server/services/members/a.py:1: [counted-rows] 1 untyped rows cross borders here, 0 are listed",
    ),
    (
        {"miniprogram/theme/common.wxss": ".note { color: red }\n.old { color: red }"},
        "miniprogram/theme/common.wxss:2: [class] nothing has the class `old`",
    ),
]


@pytest.mark.parametrize(("changes", "finding"), DISAGREEING)
def test_files_that_do_not_agree_are_found(changes: dict[str, str], finding: str) -> None:
    [said] = found_in_shop(changes)
    assert said.startswith(finding)


def test_every_rule_over_several_files_has_a_sample() -> None:
    samples = {rule.name for rule in WHOLE_RULES if any(f"[{rule.name}]" in finding for _, finding in DISAGREEING)}
    assert {rule.name for rule in WHOLE_RULES} == samples | {"refusal"}


def test_a_style_can_be_exempt() -> None:
    mark = "/* " + "house: class - the engine puts it on */"
    assert found_in_shop({f"{PAGE}.wxss": f".one,.gone {{ color: red }} {mark}"}) == []


CALLS, ORDERS = "server/core/errors/calls.py", "server/core/errors/an_order.py"
REFUSALS = {
    CALLS: dedent("""
        class Refusal(Exception):
            code: ClassVar[str]
            message: ClassVar[str]

        class NotFound(Refusal):
            code, status, message = "not_found", 404, "没有找到"

        class Elsewhere(Exception):
            code = "not_found"
    """),
    ORDERS: dedent("""
        class OrderNotFound(errors.NotFound):
            code = "order_not_found"
            message = "没有这个订单"
    """),
}


def found_in_refusals(old: str = "", new: str = "") -> list[str]:
    files = (Source(path, text.replace(old, new, 1)) for path, text in REFUSALS.items())
    return [str(finding) for finding in examine_all(files)]


def test_refusals_that_can_be_told_apart_pass() -> None:
    assert found_in_refusals() == []


@pytest.mark.parametrize(
    ("change", "place", "advice"),
    [
        (('"order_not_found"', '"not_found"'), CALLS, "NotFound has the code of OrderNotFound (not_found)"),
        (('"order_not_found"', '"Order-Not-Found"'), ORDERS, "OrderNotFound needs a code of its own"),
        (('    code = "order_not_found"\n', ""), ORDERS, "OrderNotFound needs a code of its own"),
        (('"没有这个订单"', '"no such order"'), ORDERS, "OrderNotFound needs a sentence"),
        (('404, "没有找到"', '404, ""'), CALLS, "NotFound needs a sentence"),
    ],
)
def test_refusals_that_cannot_are_found(change: tuple[str, str], place: str, advice: str) -> None:
    [finding] = found_in_refusals(*change)
    assert finding.startswith(f"{place}:")
    assert f"[refusal] {advice}" in finding


def test_an_exemption_with_a_reason_counts_for_its_line_and_rule() -> None:
    line = "share = paid_fen / 2"
    mark = "# " + "house:"
    assert found("server/a.py", f"{line}  {mark} money - a percentage for the chart") == []
    assert [rule for rule, _ in found("server/a.py", f"{line}  {mark} money")] == ["money"]
    assert [rule for rule, _ in found("server/a.py", f"{line}  {mark} clock - wrong rule")] == ["money", "exemption"]
    assert [rule for rule, _ in found("server/a.py", f"share = 2  {mark} money - long gone")] == ["exemption"]
    assert found("docs/setup.js", f"home('{HOME}/node')  // " + "house: machine-path - the image's own user") == []


def test_findings_read_as_places_an_editor_can_jump_to() -> None:
    [finding] = examine(Source("server/services/a.py", "\nawait order.save()"))
    assert re.fullmatch(r"server/services/a\.py:2: \[save\] save\(\) writes every column.*", str(finding))
