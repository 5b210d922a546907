"""How a product is told apart in words."""

from collections.abc import Mapping


def spec_text(spec: Mapping[str, str]) -> str:
    """`{"颜色": "红"}` → `颜色：红`, as a form has it; empty where there is one variant."""
    return "；".join(f"{name}：{value}" for name, value in spec.items())
