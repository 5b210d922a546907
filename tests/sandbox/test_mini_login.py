import base64
from typing import Any

import httpx
import pytest

from server.sandbox import crypto
from tests.sandbox.world import OPENID, World


async def session(world: World, code: str, **changes: str) -> Any:
    query = {
        "appid": world.identity.appid,
        "secret": world.identity.secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    return (await world.http.get("/sns/jscode2session", params={**query, **changes})).json()


async def new_code(world: World, openid: str = OPENID) -> str:
    return str((await world.control("code", {"openid": openid}))["code"])


async def test_code_is_good_once(world: World) -> None:
    code = await new_code(world)
    answer = await session(world, code)
    assert (answer["openid"], len(base64.b64decode(answer["session_key"])), "errcode" in answer) == (OPENID, 16, False)
    again = await session(world, code)
    assert (again["errcode"], "rid: " in again["errmsg"]) == (40029, True)


async def test_code_lasts_five_minutes(world: World) -> None:
    code = await new_code(world)
    world.clock.advance(300)
    assert (await session(world, code))["errcode"] == 40029


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0"}, 40013),
        ({"secret": "0"}, 40125),
        ({"js_code": ""}, 41008),
        ({"grant_type": "code"}, 40002),
        ({"js_code": "made-up"}, 40029),
    ],
)
async def test_refused_logins(world: World, changes: dict[str, str], errcode: int) -> None:
    code = await new_code(world)
    assert (await session(world, code, **changes))["errcode"] == errcode
    assert (await session(world, code))["openid"] == OPENID


async def test_blocked_user(world: World) -> None:
    await world.control("knobs", {"user_blocked": 1})
    code = await new_code(world)
    assert (await session(world, code))["errcode"] == 40226
    assert (await session(world, code))["openid"] == OPENID


async def test_session_is_checked_and_reset(world: World) -> None:
    key = (await session(world, await new_code(world)))["session_key"]
    token = await world.access_token()

    async def ask(path: str, key: str, method: str = "hmac_sha256") -> Any:
        query = {"access_token": token, "openid": OPENID, "sig_method": method}
        answer = await world.http.get(path, params={**query, "signature": crypto.session_signature(key)})
        return answer.json()

    assert (await ask("/wxa/checksession", key))["errcode"] == 0
    assert (await ask("/wxa/checksession", key, "md5"))["errcode"] == 87008
    assert (await ask("/wxa/checksession", "other"))["errcode"] == 87009
    fresh = (await ask("/wxa/resetusersessionkey", key))["session_key"]
    assert (await ask("/wxa/checksession", key))["errcode"] == 87009
    assert (await ask("/wxa/checksession", fresh))["errcode"] == 0


async def stable(world: World, **more: Any) -> Any:
    body = {"grant_type": "client_credential", "appid": world.identity.appid, "secret": world.identity.secret, **more}
    return (await world.http.post("/cgi-bin/stable_token", json=body)).json()


async def works(world: World, token: str) -> int:
    path = "/cgi-bin/express/delivery/open_msg/get_delivery_list"
    return int((await world.http.post(path, params={"access_token": token}, json={})).json()["errcode"])


async def test_stable_token_stays_until_its_last_five_minutes(world: World) -> None:
    first = await stable(world)
    assert first["expires_in"] == 7200
    world.clock.advance(6899)
    assert await stable(world) == {"access_token": first["access_token"], "expires_in": 301}
    world.clock.advance(1)
    second = await stable(world)
    assert second["access_token"] != first["access_token"]
    world.clock.advance(299)
    assert [await works(world, one["access_token"]) for one in (first, second)] == [0, 0]
    world.clock.advance(1)
    assert [await works(world, one["access_token"]) for one in (first, second)] == [42001, 0]


async def test_forced_refresh_kills_the_old_one(world: World) -> None:
    first = await stable(world)
    second = await stable(world, force_refresh=True)
    assert [await works(world, one["access_token"]) for one in (first, second)] == [40001, 0]
    assert await stable(world, force_refresh=True) == second  # no second refresh within 30 s
    for _ in range(19):
        world.clock.advance(30)
        assert "access_token" in await stable(world, force_refresh=True)
    world.clock.advance(30)
    assert (await stable(world, force_refresh=True))["errcode"] == 45009
    world.clock.advance(86400)
    assert "access_token" in await stable(world, force_refresh=True)


async def test_plain_tokens_are_apart_from_stable_ones(world: World) -> None:
    query = {"grant_type": "client_credential", "appid": world.identity.appid, "secret": world.identity.secret}
    stable_one = (await stable(world))["access_token"]
    first, second = [(await world.http.get("/cgi-bin/token", params=query)).json()["access_token"] for _ in range(2)]
    assert [await works(world, one) for one in (stable_one, first, second)] == [0, 0, 0]
    world.clock.advance(300)
    assert [await works(world, one) for one in (stable_one, first, second)] == [0, 40001, 0]


async def test_refused_tokens(world: World) -> None:
    assert [(await stable(world, **change))["errcode"] for change in (
        {"grant_type": "x"}, {"appid": ""}, {"secret": ""}, {"appid": "wx0"}, {"secret": "0"}, {"appid": 1}
    )] == [40002, 41002, 41004, 40013, 40125, 47001]  # fmt: skip
    assert (await world.http.get("/cgi-bin/stable_token")).json()["errcode"] == 43002
    assert (await world.http.get("/cgi-bin/token")).json()["errcode"] == 40002
    assert (await world.http.post("/cgi-bin/token")).json()["errcode"] == 43001
    assert (await world.http.post("/cgi-bin/stable_token")).json()["errcode"] == 44002
    assert [await works(world, token) for token in ("", "made-up")] == [41001, 40001]


async def test_phone_number(world: World) -> None:
    path = "/wxa/business/getuserphonenumber"
    code = (await world.control("phone", {"openid": OPENID, "phone": "13800138000"}))["code"]
    assert (await world.mini(path, {"code": code, "openid": "bob"}))["errcode"] == 40029
    info = (await world.mini(path, {"code": code}))["phone_info"]
    assert (info["purePhoneNumber"], info["watermark"]["appid"]) == ("13800138000", world.identity.appid)
    assert (await world.mini(path, {"code": code}))["errcode"] == 40029
    assert (await world.mini(path, {"code": await new_code(world)}))["errcode"] == 40029
    await world.control("phone", {"openid": OPENID, "phone": "call me"}, status=400)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b'"x"'])
async def test_nonsense_is_47001(world: World, content: bytes) -> None:
    answer: httpx.Response = await world.http.post(
        "/wxa/business/getuserphonenumber", params={"access_token": await world.access_token()}, content=content
    )
    assert answer.json()["errcode"] == 47001
