"""A thousand products: scrolling through all of them needs no more memory than one screen."""

from server import db
from tests.browser.conftest import Enter, Shop
from tests.browser.visitor import Visitor

PRODUCTS = 1000
NODES = 2000
"""How many nodes the document may have at any time. About 900 were measured; all cards together would be 16 000."""
HEAP_GROWTH_BYTES = 6_000_000
"""How much the heap may grow. 1.7 MB were measured, which is the data of the products."""

FILL = """
WITH born AS (
  INSERT INTO products (slug, category_id, kind, title, subtitle, images, detail, on_sale, min_price_fen,
    max_price_fen, sold_count, words, created_at, updated_at)
  SELECT 'many-' || n, p.category_id, 'physical', '千件商品 ' || n, p.subtitle, p.images, p.detail, true, 990, 990, 0,
    p.words, p.created_at, p.updated_at
  FROM generate_series(1, $1) n, (SELECT * FROM products WHERE kind = 'physical' ORDER BY id LIMIT 1) p
  RETURNING id)
INSERT INTO skus (product_id, code, spec, price_fen, stocked_in, available, reserved, sold, alert_at, alerted, on_sale,
  position)
SELECT id, 'many-' || id, '{}', 990, 100, 100, 0, 0, 0, false, true, 0 FROM born
"""


async def scroll_down(visitor: Visitor) -> int:
    """Scroll down several screens; return how many nodes the document has then."""
    await visitor.page.mouse.wheel(0, 4000)
    nodes: int = await visitor.page.evaluate("document.querySelectorAll('*').length")
    return nodes


async def heap_bytes(visitor: Visitor) -> int:
    """Return the size of the heap after garbage collection."""
    session = await visitor.context.new_cdp_session(visitor.page)
    await session.send("HeapProfiler.collectGarbage")
    used: int = (await session.send("Runtime.getHeapUsage"))["usedSize"]
    await session.detach()
    return used


async def test_scrolling_through_a_thousand_products(visitor: Enter, shop: Shop) -> None:
    async with db.connection() as connection:
        await connection.execute(FILL, PRODUCTS)
    reader = await visitor("reader")
    await reader.open()
    await reader.sees("大家在买", "正在加载…")
    await reader.page.mouse.move(200, 500)
    before, most, rounds = await heap_bytes(reader), 0, 0
    while not await reader.words("到底了").count():
        most = max(most, await scroll_down(reader))
        await reader.page.wait_for_timeout(100)
        rounds += 1
        assert rounds < 400
    grown = await heap_bytes(reader) - before
    assert rounds > PRODUCTS / 2 * 200 / 4000, "it came all at once"
    assert most < NODES
    assert grown < HEAP_GROWTH_BYTES
