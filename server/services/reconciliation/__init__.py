"""Compare WeChat's daily bills with our books."""
