"""Measures how long the H5 shop takes to build and to load: `python -m scripts.h5_figures [ADDRESS]`.

ADDRESS is the address of a running mall (`./scripts/run`). Its home page is loaded several times with an empty cache,
in a window of a phone's size with the CPU slowed down four times; the medians are printed.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.async_api import Browser, async_playwright

_BUILD = Path(__file__).parent / "h5" / "build.mjs"
_SLOWER = 4
_LOADS = 5
_QUIET_MS = 500

_WATCH = f"""
window.__tasks = []
new PerformanceObserver((list) => window.__tasks.push(...list.getEntries().map((one) => one.startTime + one.duration)))
  .observe({{ type: 'longtask', buffered: true }})
window.__interactive = new Promise((done) => {{
  const seen = () => {{
    if (!document.querySelector('.h5-page:not([hidden]) [id^=sheet-] [role=link]')) return requestAnimationFrame(seen)
    const drawn = performance.now()
    const rest = () => {{
      const last = Math.max(drawn, ...window.__tasks)
      if (performance.now() - last < {_QUIET_MS}) setTimeout(rest, 50)
      else done({{ drawn, interactive: last }})
    }}
    rest()
  }}
  addEventListener('DOMContentLoaded', seen)
}})
"""
"""Interactive: products are visible, and for half a second no task has taken 50 ms or more."""


def build_s() -> float:
    """Return the seconds of one complete build."""
    began = time.perf_counter()
    subprocess.run(["node", _BUILD], check=True, capture_output=True)  # noqa: S607 - the developer's own node
    return time.perf_counter() - began


async def first_view(browser: Browser, address: str) -> dict[str, float]:
    """Load once with an empty cache; return the bytes of script received, and ms until drawn and interactive."""
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    scripts, sizes = set[str](), dict[str, float]()

    def answered(event: dict[str, Any]) -> None:
        if event["type"] == "Script" and "/h5/" in event["response"]["url"]:
            scripts.add(event["requestId"])

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    await page.goto(f"{address}/h5/", wait_until="commit")
    times: dict[str, float] = await page.evaluate("window.__interactive")
    await context.close()
    return {"script_bytes": sum(sizes.get(one, 0) for one in scripts), **times}


async def measure(address: str) -> dict[str, float]:
    """Return medians of several loads."""
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        loads = [await first_view(browser, address) for _ in range(_LOADS)]
        await browser.close()
    return {name: median(one[name] for one in loads) for name in loads[0]}


def main(arguments: list[str]) -> int:
    """Print the results; return the exit code."""
    address = arguments[0].rstrip("/") if arguments else "http://127.0.0.1:8000"
    if not re.fullmatch(r"https?://[^/]+", address):
        print("usage: python -m scripts.h5_figures [http://HOST:PORT]", file=sys.stderr)
        return 2
    seconds = build_s()
    found = asyncio.run(measure(address))
    print(
        json.dumps(
            {
                "build_s": round(seconds, 2),
                "first_view_script_kb": round(found["script_bytes"] / 1024, 1),
                "drawn_ms": round(found["drawn"]),
                "interactive_ms": round(found["interactive"]),
                "cpu_slower": _SLOWER,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
