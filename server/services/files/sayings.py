"""What msgspec says about a value that does not fit, in Chinese and without its types and patterns."""

import re

_TYPES = {
    "int": "整数",
    "float": "数字",
    "str": "文字",
    "bool": "是或否",
    "array": "列表",
    "object": "对象",
    "datetime": "时间",
    "date": "日期",
    "null": "空",
}
_PATTERNS = {
    r"\S": "请填写",
    r"^[a-z][a-z0-9-]*$": "以小写字母开头，只含小写字母、数字和 -",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "以字母或数字开头，只含字母、数字、点、_ 和 -",
    r"^(/|https://)": "以 / 或 https:// 开头",
}
"""The patterns that people meet, in words."""
_PROVINCES = "Expected `str` matching regex '^(北京|"
_WHERE = re.compile(r" - at `(?:key` in `)?\$.*`$")
_QUOTED = re.compile(r"`([^`]+)`")
_PATTERN = re.compile(r"^Expected `str` matching regex '(.+)'$")
_SAYINGS = (
    (re.compile(r"^Object missing required field `(.+)`$"), r"缺少字段 \1"),
    (re.compile(r"^Object contains unknown field `(.+)`$"), r"没有名为 \1 的字段"),
    (re.compile(r"^Expected `(?:str|array)` of length >= 1$"), "请填写"),
    (re.compile(r"^Expected `str` of length >= (.+)$"), r"至少 \1 个字"),
    (re.compile(r"^Expected `str` of length <= (.+)$"), r"最多 \1 个字"),
    (re.compile(r"^Expected `array` of length >= (.+)$"), r"至少 \1 项"),
    (re.compile(r"^Expected `array` of length <= (.+)$"), r"最多 \1 项"),
    (re.compile(r"^Expected `int` >= (.+)$"), r"不能小于 \1"),
    (re.compile(r"^Expected `int` <= (.+)$"), r"不能大于 \1"),
    (
        re.compile(r"^Expected `datetime` (to have|with) .+$|^Invalid RFC3339 .+$"),
        "应为带时区的时间，例如 2026-01-01T20:00:00+08:00",
    ),
    (re.compile(r"^Invalid enum value (.+)$"), r"不能取值 \1"),
)


def in_words(problem: str) -> str:
    """Return a message of msgspec in Chinese; the place that it names is left out."""
    problem = _WHERE.sub("", problem)
    if problem.startswith(_PROVINCES):
        return "请填写省级地区的名称，如 浙江"
    if found := _PATTERN.match(problem):
        return _PATTERNS.get(found[1].replace("\\\\", "\\"), "格式不对")
    for pattern, saying in _SAYINGS:
        if pattern.match(problem):
            return pattern.sub(saying, problem)
    wanted, _, given = problem.partition(", got ")
    kinds = "或".join(kind for kind in _kinds(wanted) if kind != _TYPES["null"])
    if not kinds:
        return "格式不对"
    return f"应为{kinds}，实为{'或'.join(_kinds(given))}" if given else f"应为{kinds}"


def _kinds(text: str) -> list[str]:
    return [_TYPES.get(name, name) for quoted in _QUOTED.findall(text) for name in quoted.split(" | ")]
