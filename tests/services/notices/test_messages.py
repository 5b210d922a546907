"""Credits and messages against WeChat's sandbox."""

import asyncio
from typing import Any

import pytest

from server import db, outbox
from server.gateways.ports import OutcomeUnknown, WeChatError
from server.jobs.notices import send_notice
from server.models import NoticeCredit, NoticeTemplate
from server.services.notices import messages
from tests.support.mall import Mall
from tests.support.people import Person, error_of, log_in

VALUES = {"order": "T2611221530", "amount": "¥99.00"}


@pytest.fixture(autouse=True)
async def templates(mall: Mall) -> None:
    fields = {"character_string1": "order", "amount2": "amount"}
    await NoticeTemplate.create(key="paid", template_id="tmpl-paid", title="付款成功", page="pages/o", fields_=fields)
    await NoticeTemplate.create(key="shipped", template_id="tmpl-ship", title="发货", page="pages/o", fields_=fields)


async def subscribe(person: Person, **results: str) -> dict[str, Any]:
    answer = await person.call("POST", "/notices/subscriptions", json={"results": results})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["credits"])


async def send(mall: Mall, person: Person, query: str = "no=1") -> None:
    job = messages.notice_job(person.id, "paid", VALUES, query)
    assert job.name == "send_notice"
    await send_notice(mall.deps, job.args)


async def arrived(mall: Mall, person: Person) -> list[dict[str, Any]]:
    answer = await mall.http.get(f"{mall.sandbox_url}/control/messages", params={"openid": person.openid})
    return list(answer.json()["items"])


async def credit_of(person: Person) -> int:
    return (await NoticeCredit.get(member_id=person.id, template="paid")).credits


async def test_the_templates_are_open(mall: Mall) -> None:
    assert (await mall.http.get("/api/notices/templates")).json()["items"] == [
        {"key": "paid", "template_id": "tmpl-paid", "title": "付款成功"},
        {"key": "shipped", "template_id": "tmpl-ship", "title": "发货"},
    ]


async def test_each_accept_is_a_credit_of_ones_own(mall: Mall) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    assert await subscribe(anna, paid="accept", shipped="reject", nonsense="accept") == {"paid": 1, "shipped": 0}
    assert await subscribe(anna, **{"tmpl-paid": "accept", "tmpl-ship": "ban"}) == {"paid": 2, "shipped": 0}
    assert await subscribe(bert) == {"paid": 0, "shipped": 0}
    assert await NoticeCredit.all().count() == 1


async def test_a_popup_told_twice_is_one_credit(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    for tellers in (("client", "push"), ("push", "client"), ("push", "push", "client", "client")):
        before = (await subscribe(anna))["paid"]
        for teller in tellers:
            await messages._accepted(mall.deps, anna.id, "paid", teller)
        assert (await subscribe(anna))["paid"] == before + len(tellers) // 2


@pytest.mark.parametrize("results", [None, {"paid": "yes"}, {"": "accept"}, {"x" * 65: "accept"}, ["paid"]])
async def test_bad_results(mall: Mall, results: object) -> None:
    anna = await log_in(mall, "o-anna")
    answer = await anna.call("POST", "/notices/subscriptions", json={"results": results})
    assert error_of(answer) == (400, "bad_request")


async def test_a_message_spends_a_credit(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await mall.control("subscribe", openid="o-anna", template_id="tmpl-paid", times=5)
    await send(mall, anna)
    assert await arrived(mall, anna) == []
    await subscribe(anna, paid="accept")
    await send(mall, anna)
    await send(mall, anna)
    [message] = await arrived(mall, anna)
    assert (message["template_id"], message["page"]) == ("tmpl-paid", "pages/o?no=1")
    assert message["data"] == {"character_string1": {"value": "T2611221530"}, "amount2": {"value": "¥99.00"}}
    assert await credit_of(anna) == 0


async def test_a_message_without_a_query(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await mall.control("subscribe", openid="o-anna", template_id="tmpl-paid")
    await subscribe(anna, paid="accept")
    await send(mall, anna, query="")
    assert [message["page"] for message in await arrived(mall, anna)] == ["pages/o"]


async def test_no_authorisation_left_ends_all_credits(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await subscribe(anna, paid="accept")
    await subscribe(anna, paid="accept")
    await send(mall, anna)
    assert (await credit_of(anna), await arrived(mall, anna)) == (0, [])


async def test_another_refusal_drops_the_message_alone(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await subscribe(anna, paid="accept")
    await mall.control("knobs", mini_error={"errcode": 47003, "op": "send"})
    await send(mall, anna)
    assert (await credit_of(anna), await arrived(mall, anna)) == (1, [])


@pytest.mark.parametrize(("errcode", "raised"), [(-1, OutcomeUnknown), (45011, WeChatError), (43108, WeChatError)])
async def test_an_unknown_outcome_is_tried_again(mall: Mall, errcode: int, raised: type[Exception]) -> None:
    anna = await log_in(mall, "o-anna")
    await mall.control("subscribe", openid="o-anna", template_id="tmpl-paid")
    await subscribe(anna, paid="accept")
    await mall.control("knobs", mini_error={"errcode": errcode, "count": 1, "op": "send"})
    with pytest.raises(raised):
        await send(mall, anna)
    assert await credit_of(anna) == 1
    await send(mall, anna)
    assert (await credit_of(anna), len(await arrived(mall, anna))) == (0, 1)


async def test_a_message_that_arrived_unknown_to_us_costs_no_more(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await mall.control("subscribe", openid="o-anna", template_id="tmpl-paid")
    await subscribe(anna, paid="accept")
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "send"})
    with pytest.raises(OutcomeUnknown):
        await send(mall, anna)
    await send(mall, anna)
    assert (await credit_of(anna), len(await arrived(mall, anna))) == (0, 1)


async def test_the_job_fits_the_outbox(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    async with db.transaction() as tx:
        await outbox.put(tx, [messages.notice_job(anna.id, "paid", VALUES)], mall.clock.now())
        [row] = await outbox.claim(tx, mall.clock.now(), 10)
    assert (row.job, row.args) == (
        "send_notice", {"member_id": anna.id, "template": "paid", "values": VALUES, "query": ""},
    )  # fmt: skip


async def test_messages_at_once_share_the_credits(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await mall.control("subscribe", openid="o-anna", template_id="tmpl-paid", times=9)
    await subscribe(anna, paid="accept")
    await subscribe(anna, paid="accept")
    await asyncio.gather(*(send(mall, anna) for _ in range(6)))
    assert (await credit_of(anna), len(await arrived(mall, anna))) == (0, 2)
