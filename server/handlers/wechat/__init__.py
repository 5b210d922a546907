"""The calls that WeChat makes to us: payment notifications and message push."""
