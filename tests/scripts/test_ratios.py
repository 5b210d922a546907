"""The kept ratios of benches: what is much worse is reported, and the file reads back as it was written."""

import json
from typing import Any

from scripts.frozen.ratios import KEPT, figures, problems, read, written
from server.commands.bench import NAMES


def test_only_a_ratio_that_fell_by_more_than_a_quarter_is_reported() -> None:
    kept = {"place": {"ratio": 0.4, "cpu_ms_per_op": 1.0}, "rebate": {"cpu_ms_per_op": 2.0}}
    now = {"place": {"ratio": 0.31}, "rebate": {"cpu_ms_per_op": 9.0}, "new": {"ratio": 0.1}}
    assert list(problems(kept, now)) == []
    assert list(problems(kept, {"place": {"ratio": 0.29}})) == ["place: the ratio was 0.40 and is 0.29 now"]


def test_a_bench_without_a_limit_keeps_its_cpu_only() -> None:
    shown = {"per_second": 5.0, "rss_mb": 100.0}
    results: list[dict[str, Any]] = [
        {"name": "rebate", "ratio": None, "cpu_ms_per_op": 2.0, **shown},
        {"name": "place", "ratio": 0.5, "cpu_ms_per_op": 1.0, **shown},
    ]
    assert figures(results) == {"rebate": {"cpu_ms_per_op": 2.0}, "place": {"ratio": 0.5, "cpu_ms_per_op": 1.0}}


def test_the_file_says_what_was_written() -> None:
    kept = read()
    assert {name.partition(":")[0] for name in kept} >= {"list", "detail", "login", "place", "settle"}
    assert json.loads(written(kept)) == kept
    assert all(0 < found["ratio"] < 2 for found in kept.values() if "ratio" in found)
    assert KEPT.suffix == ".json"
    assert {"place", "settle"} <= set(NAMES)
