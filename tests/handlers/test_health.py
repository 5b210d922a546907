from tests.support.mall import Mall


async def test_a_running_mall_is_alive_and_ready(mall: Mall) -> None:
    assert (await mall.http.get("/healthz")).json() == {"ok": True}
    ready = await mall.http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"ok": True, "checks": {"database": True, "migrations": True, "redis": True}}


async def test_an_unknown_path_is_a_refusal_like_any_other(mall: Mall) -> None:
    answer = await mall.http.get("/api/nothing-here")
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert (error["code"], error["message"], error["detail"]) == ("not_found", "没有找到", {})
    assert error["request_id"]
