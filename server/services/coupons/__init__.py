"""Coupon templates and members' coupons: applied, claimed, issued, held, ending."""
