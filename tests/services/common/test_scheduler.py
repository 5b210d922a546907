"""The scheduler's beats."""

from datetime import UTC, datetime, timedelta

from server import db
from server.services.common import scheduler

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def test_beats_make_runs(database: str) -> None:
    for minutes in (0, 1, 5, 20, 21):
        await scheduler.beat(NOW + timedelta(minutes=minutes))
    rows = await db.fetch("SELECT started_at, beat_at FROM scheduler_runs ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (NOW, NOW + timedelta(minutes=5)),
        (NOW + timedelta(minutes=20), NOW + timedelta(minutes=21)),
    ]


async def test_old_runs_are_forgotten(database: str) -> None:
    await scheduler.beat(NOW)
    await scheduler.beat(NOW + timedelta(days=31))
    assert await db.fetch_value("SELECT count(*) FROM scheduler_runs") == 1
