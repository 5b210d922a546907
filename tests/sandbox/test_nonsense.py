import json
from typing import Any

import pytest

from server.sandbox import control
from server.sandbox.app import MINI_OPERATIONS, PAY_OPERATIONS
from tests.sandbox.test_pay_orders import signed
from tests.sandbox.world import World

NASTY: list[Any] = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[[[[",
    b'{"openid":"\\ud800","template_id":"\\u0000","out_trade_no":"\\ud800","code":"\\ud800"}',
    json.dumps(dict.fromkeys(("openid", "appid", "amount", "data", "order_key", "code", "scene", "times"), 10**40)),
    json.dumps({name: {} for name in ("openid", "appid", "amount", "data", "order_key", "code", "out_bill_no")}),
    json.dumps(dict.fromkeys(("openid", "touser", "template_id", "out_trade_no", "path", "scene"), "\x00' OR 1=1 --")),
]
PLACES = {"out_trade_no": "%FF%00", "transaction_id": "..%2F..", "out_refund_no": "%E4%B8%AD", "refund_id": "x"}


@pytest.mark.parametrize("body", NASTY)
async def test_nothing_answers_500(world: World, body: bytes | str) -> None:
    content = body.encode() if isinstance(body, str) else body
    for operation in PAY_OPERATIONS:
        path = operation.path
        for name, place in {**PLACES, "out_bill_no": "%00", "transfer_bill_no": "%20"}.items():
            path = path.replace(f"<{name}>", place)
        answer = await signed(world, operation.method, f"{path}?mchid=%FF&bill_date=%00&token=%FF", content)
        assert 400 <= answer.status_code < 500, (path, answer.text)
    token = await world.access_token()
    for mini in MINI_OPERATIONS:
        for method in ("GET", "POST"):
            query = {"access_token": token, "openid": "\x00", "js_code": "中", "appid": "\x00", "secret": "x"}
            answer = await world.http.request(method, mini.path, params=query, content=content)
            assert answer.status_code == 200, (mini.path, answer.text)
    for operation_ in control.OPERATIONS:
        if operation_.path != "/control/notices":
            answer = await world.http.request(operation_.method, operation_.path, content=content)
            assert answer.status_code < 500, (operation_.path, answer.text)
