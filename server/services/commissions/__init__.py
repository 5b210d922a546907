"""Commissions: what an order's referrers earn, and what rebates carry of it."""
