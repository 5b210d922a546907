"""The demo shop: goods, pictures, coupons, messages, and a rule with safe limits."""
