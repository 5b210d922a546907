from datetime import timedelta

import orjson

from server import db
from server.services.common import alarms
from tests.support.mall import Mall

DAY = timedelta(days=1)


async def sounded() -> list[tuple[str, str, object]]:
    rows = await db.fetch("SELECT kind, subject, detail FROM alarms ORDER BY id")
    return [(row["kind"], row["subject"], orjson.loads(row["detail"])) for row in rows]


async def test_an_alarm_is_told_once_until_somebody_has_seen_it(mall: Mall) -> None:
    at = mall.clock.now()
    async with db.transaction() as tx:
        await alarms.sound(tx, "broken", "order:1", at, "坏了")
        await alarms.sound(tx, "broken", "order:1", at + 2 * DAY, "还是坏的")
        await alarms.sound(tx, "broken", "order:2", at, {"missing": 2})
    assert await sounded() == [
        ("broken", "order:1", {"problem": "坏了"}),
        ("broken", "order:2", {"missing": 2}),
    ]
    async with db.transaction() as tx:
        await tx.execute("UPDATE alarms SET seen_at = $1", at)
        await alarms.sound(tx, "broken", "order:1", at, "又坏了")
    assert (await sounded())[2:] == [("broken", "order:1", {"problem": "又坏了"})]


async def test_an_alarm_of_what_lasts_is_told_again_after_its_pause_seen_or_not(mall: Mall) -> None:
    at = mall.clock.now()
    async with db.transaction() as tx:
        for later in (timedelta(0), DAY - timedelta(seconds=1), DAY):
            await alarms.sound_at_most_every(DAY, tx, "budget", "rule:1", at + later, {})
            await tx.execute("UPDATE alarms SET seen_at = $1", at)
    assert await db.fetch_value("SELECT array_agg(at ORDER BY at) FROM alarms") == [at, at + DAY]
