"""SQL: what a rebate's qualifying orders contribute to its payout cap.

`net` is an order's net cash. `given` is what the order has already brought: commission, and the discount that its
earned points are worth. In every statement `$2` is the number of points that take off one fen.
"""

OF_ORDER = """
(SELECT sum(cash_fen - refunded_cash_fen)::bigint FROM order_lines WHERE order_id = q.order_id) AS net,
((SELECT COALESCE(sum(granted_fen), 0) FROM commissions WHERE order_id = q.order_id)
  + COALESCE((SELECT remaining / $2 FROM point_earnings WHERE order_id = q.order_id), 0))::bigint AS given
"""
"""Columns of a query over qualifications `q`."""

OF_REBATE = f"""
SELECT count(*) AS joined, array_agg(net ORDER BY paid_at, id) AS nets, COALESCE(sum(given), 0)::bigint AS given
FROM (SELECT q.id, q.paid_at, {OF_ORDER} FROM qualifications q WHERE q.rebate_id = {{}}) o
"""  # noqa: S608 - our own text
"""Sums over the orders that joined a rebate, oldest payment first; `format` fills in the rebate's id."""
