"""Links that open the mini program from outside."""

import pytest

from server.gateways.ports import WeChatError
from server.gateways.wechat_mini import WeChatMini


async def test_a_link_from_outside(mini: WeChatMini) -> None:
    assert (await mini.open_link("/pages/index/index", "s=AB12", 30)).startswith("https://wxaurl.cn/")
    for path, query, days, code in (
        ("/a?b", "", 30, "40165"),
        ("/a", "x" * 1025, 30, "40212"),
        ("/a", "", 31, "85401"),
    ):
        with pytest.raises(WeChatError, match=code):
            await mini.open_link(path, query, days)
