"""`demo`: play 推三返一 over HTTP on a running `dev`, step by step, until the rebate is settled and the books fit."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import msgspec
import typer

from server import db
from server.commands.runtime import DEFAULT_DATA, places_of
from server.commands.runtime import run as run_with_parts
from server.core import ids
from server.core.clock import stopwatch
from server.core.money import yuan
from server.embedded import EngineError
from server.gateways.ports import Deps
from server.services.orders import fulfilment

Json: TypeAlias = dict[str, Any]

_DAY_S = 86_400
_PATIENCE_S = 15.0
_POLL_S = 0.05
_NAMES = ("A", "B", "C", "D")


class DemoFailure(Exception):  # noqa: N818 - what the demo ends with
    """Something differed from the rules."""


@dataclass
class _Member:
    name: str
    token: str
    share_code: str = ""
    order_no: str = ""
    cash_fen: int = 0


@dataclass
class _Play:
    """The state of the demo: HTTP to the mall, the steps so far, and whether they are printed."""

    http: httpx.Client
    deps: Deps
    quiet: bool
    steps: list[Json] = field(default_factory=list)
    members: dict[str, _Member] = field(default_factory=dict)

    def did(self, who: str, what: str) -> None:
        self.steps.append({"who": who, "did": what, "ok": True})
        if not self.quiet:
            typer.echo(f"  ✓ {who:<4} {what}")

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise DemoFailure(otherwise)

    def call(self, method: str, path: str, body: Json | None = None, *, token: str = "", key: bool = False) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = ids.code(20)
        answer = self.http.request(method, path, json=body, headers=headers)
        if answer.is_error:
            msg = f"{method} {path}: {answer.status_code} {answer.text[:300]}"
            raise DemoFailure(msg)
        said: Json = answer.json()
        return said

    def until(self, what: str, path: str, token: str, holds: Any) -> Json:  # noqa: ANN401 - a predicate
        began = stopwatch()
        while stopwatch() - began < _PATIENCE_S:
            said = self.call("GET", path, token=token)
            if holds(said):
                return said
            time.sleep(_POLL_S)
        msg = f"{what}: 等待超时 waited {_PATIENCE_S:.0f} s"
        raise DemoFailure(msg)


def verb(
    base_url: str = typer.Option(
        "", help="商城地址，须是该数据目录的商城 Address of the folder's mall; by default where its `dev` listens"
    ),
    data: Path = typer.Option(DEFAULT_DATA, help="数据目录 Data folder of the `dev`"),
    as_json: bool = typer.Option(False, "--json", help="输出 JSON Print one JSON document"),
) -> None:
    """演示推三返一 Play it with four members until the rebate is settled. Fails if anything differs from the rules."""
    folder = data.absolute()

    async def main(deps: Deps) -> int:
        began = stopwatch()
        url = base_url or places_of(folder)["PUBLIC_BASE_URL"]
        result: Json = {"ok": False, "seconds": 0.0, "steps": [], "rebate": None, "audit": None}
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:
            play = _Play(http, deps, quiet=as_json, steps=result["steps"])
            try:
                await _refuse_another_shop(play, folder)
                result["rebate"] = await _story(play)
                result["audit"] = await _books(play)
                result["ok"] = True
            except (DemoFailure, httpx.HTTPError) as error:
                result["steps"].append({"who": "demo", "did": str(error), "ok": False})
                typer.echo(f"  ✗ {error}", err=True)
        result["seconds"] = round(stopwatch() - began, 2)
        if as_json:
            typer.echo(msgspec.json.encode(result).decode())
        elif result["ok"]:
            typer.echo(f"演示成功，用时 {result['seconds']} 秒 The demo is as the rules say.")
        return 0 if result["ok"] else 1

    try:
        run_with_parts(folder, main)
    except EngineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


async def _refuse_another_shop(play: _Play, folder: Path) -> None:
    """Check that the address leads to the shop of the folder, because the demo ships and audits in the latter.

    Raises DemoFailure.
    """
    answer = play.http.get("/sandbox/shop")
    there = answer.json()["shop"] if answer.is_success else None
    play.must(
        there == await db.place(),
        f"{play.http.base_url} 不是 {folder} 的商城，用 --data 指定它的数据目录"
        f" is not the mall of {folder}: name its data folder with --data",
    )


async def _story(play: _Play) -> Json:
    _joins(play)
    _buys(play, "A", 1)
    _shares(play)
    for name in _NAMES[1:]:
        _buys(play, name, 1)
        counted = _NAMES.index(name)
        if counted < len(_NAMES) - 1:
            progress = play.until(
                "进度",
                "/api/me/referral",
                play.members["A"].token,
                lambda said, n=counted: said["progress"]["counted"] == n,
            )["progress"]
            play.did("A", f"进度 {progress['counted']}/{progress['required']}")
    rebate = play.until("返一", "/api/rebates", play.members["A"].token, lambda said: said["items"])["items"][0]
    play.must(rebate["state"] == "frozen", f"返还应为冻结：{rebate['state']}")
    play.must(rebate["order_no"] == play.members["A"].order_no, "返还的不是 A 的订单")
    play.did("A", f"自己的订单 {rebate['order_no']} 返还 {yuan(rebate['amount_fen'])} 元，冻结中")
    await _receipts(play)
    return _settles(play)


def _joins(play: _Play) -> None:
    openid = f"o-demo-{ids.code(10)}"
    said = _login(play, openid, {})
    member = play.members["A"] = _Member("A", said["token"])
    play.did("A", "登录")
    member.share_code = play.call("POST", "/api/shares", {"kind": "home", "channel": "group"}, token=member.token)[
        "share_code"
    ]


def _login(play: _Play, openid: str, more: Json) -> Json:
    code = play.call("POST", "/sandbox/code", {"openid": openid})["code"]
    return play.call("POST", "/api/login", {"code": code, **more})


def _shares(play: _Play) -> None:
    card = play.members["A"].share_code
    play.did("A", f"分享卡片 {card} 到群聊")
    for name in _NAMES[1:]:
        visitor = f"v-{ids.code(10)}"
        play.call("POST", f"/api/shares/{card}/touch", {"visitor_id": visitor})
        said = _login(play, f"o-demo-{ids.code(10)}", {"share_code": card, "visitor_id": visitor})
        play.must(said["binding"]["status"] == "bound", f"{name} 没有绑定到 A：{said['binding']}")
        play.members[name] = _Member(name, said["token"])
        play.did(name, "从卡片登录，绑定推荐人 A")


def _buys(play: _Play, name: str, pieces: int) -> None:
    member = play.members[name]
    sku = _sku(play)
    address = play.call(
        "POST",
        "/api/addresses",
        {
            "name": "演示会员",
            "phone": "13800138000",
            "province": "浙江省",
            "city": "杭州市",
            "district": "西湖区",
            "detail": "文三路 1 号",
        },
        token=member.token,
    )
    form = {"items": [{"sku_id": sku["id"], "quantity": pieces}], "address_id": address["id"]}
    placed = play.call("POST", "/api/orders", form, token=member.token, key=True)
    member.order_no, member.cash_fen = placed["order_no"], placed["cash_due_fen"]
    payment = play.call("POST", f"/api/orders/{member.order_no}/pay", {}, token=member.token)
    play.must("payment" in payment, "没有支付参数")
    play.call("POST", "/sandbox/pay", {"order_no": member.order_no})
    play.until("付款", f"/api/orders/{member.order_no}", member.token, lambda said: said["status"] == "paid")
    play.did(name, f"购买「{sku['title']}」并支付 {yuan(member.cash_fen)} 元，订单 {member.order_no}")


def _sku(play: _Play) -> Json:
    """Return a physical SKU that is in stock."""
    for product in play.call("GET", "/api/products?kind=physical&sort=price_asc&limit=50")["items"]:
        detail = play.call("GET", f"/api/products/{product['id']}")
        for sku in detail["skus"]:
            if sku["available"]:
                return {"id": sku["id"], "title": detail["title"]}
    raise DemoFailure("没有可买的商品 nothing to buy: run `seed`")


async def _receipts(play: _Play) -> None:
    for member in play.members.values():
        await fulfilment.ship(play.deps, member.order_no, "SF", f"SF{ids.code(10)}", "cli")
        play.call("POST", f"/api/orders/{member.order_no}/receive", {}, token=member.token)
    play.did("全员", "订单已发货并确认收货")


def _settles(play: _Play) -> Json:
    anna = play.members["A"]
    rebate = play.until(
        "释放时间", "/api/rebates", anna.token, lambda said: said["items"][0]["release_at"] is not None
    )["items"][0]
    now = datetime.fromisoformat(play.call("POST", "/sandbox/clock", {"advance_s": 0})["now"])
    wait_s = max(0.0, (datetime.fromisoformat(rebate["release_at"]) - now).total_seconds()) + 1
    play.call("POST", "/sandbox/clock", {"advance_s": wait_s})
    play.did("时间", f"快进 {wait_s / _DAY_S:.1f} 天，越过观察期（释放时间 {rebate['release_at']}）")
    play.until("到账", "/api/rebates", anna.token, lambda said: said["items"][0]["state"] == "settled")
    rebate = play.call("GET", f"/api/rebates/{rebate['id']}", token=anna.token)
    # If the shop has commission policies, the three orders pay commission too.
    commissions = play.until(
        "佣金", "/api/commissions", anna.token, lambda said: all(one["state"] != "frozen" for one in said["items"])
    )["items"]
    earned_fen: int = rebate["amount_fen"] + sum(one["amount_fen"] for one in commissions)
    wallet = play.call("GET", "/api/wallet", token=anna.token)
    play.must(wallet["available_fen"] == earned_fen, f"钱包与返还不符：{wallet}")
    play.must(wallet["frozen_fen"] == 0, f"仍有冻结：{wallet}")
    play.did("A", f"返还 {yuan(rebate['amount_fen'])} 元到账，可在商城消费")
    _explains(play, rebate, earned_fen)
    return rebate


def _explains(play: _Play, rebate: Json, earned_fen: int) -> None:
    explanation = rebate["explanation"]
    play.must(len(explanation["qualifications"]) == len(_NAMES) - 1, "有效推荐人数不对")
    total = sum(step["amount_fen"] for step in explanation["steps"])
    play.must(total == rebate["amount_fen"], f"解释的合计 {total} 与返还 {rebate['amount_fen']} 不符")
    lines = play.call("GET", "/api/wallet/statement", token=play.members["A"].token)["items"]
    play.must(sum(line["available_delta_fen"] for line in lines) == earned_fen, "明细与余额不符")
    if play.quiet:
        return
    typer.echo(f"为什么是这个数（规则版本 {explanation['rule_version']}）：")
    for step in explanation["steps"]:
        typer.echo(f"    {step['label']}: {yuan(step['amount_fen'])} 元")
    for friend in explanation["qualifications"]:
        typer.echo(f"    有效推荐：{friend['nickname']}，{friend['paid_at']} 付款")
    typer.echo("A 的钱包明细：")
    for line in reversed(lines):
        typer.echo(
            f"    {line['time']} {line['label']}  可用 {yuan(line['available_delta_fen'])}"
            f"  冻结 {yuan(line['frozen_delta_fen'])}  余额 {yuan(line['available_after_fen'])}  {line['why']}"
        )


async def _books(play: _Play) -> Json:
    """Return the result of `audit --json`."""
    from server.commands.audit import everything, to_json

    report = await everything(play.deps)
    play.must(report.ok, f"对账不平 {[check.name for check in report.checks if check.offenders]}")
    play.did("账本", f"{len(report.checks)} 项核对全部通过")
    found: Json = msgspec.json.decode(to_json(report))
    return found
