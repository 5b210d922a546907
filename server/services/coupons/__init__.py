"""Coupon templates (created from files, claimed, issued) and members' coupons (listed, about to expire)."""
