"""Commissions: what an order's referrers earn, and how much of it counts in a rebate's payout cap."""
