"""What the shop has published: rebate rules, commission policies, levels, what goes together, its policy."""
