"""How the variants of a product are named."""

from collections.abc import Mapping


def spec_text(spec: Mapping[str, str]) -> str:
    """Return the text of a variant, as forms show it: `{"颜色": "红"}` → `颜色：红`; empty for a single variant."""
    return "；".join(f"{name}：{value}" for name, value in spec.items())
