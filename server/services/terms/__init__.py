"""What the shop has published: rebate rules, commission policies, levels, the stacking matrix, the shop policy."""
