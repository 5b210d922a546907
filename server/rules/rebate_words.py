"""The rebate rule in plain Chinese, generated from its terms: the pages never promise what the rule does not do.

Law and WeChat demand this wording: only direct referrals of real purchases, no promise of profit, every limit is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.core.money import WHOLE_BP, yuan
from server.rules.orders import OrderKind
from server.rules.rebates import CHOICE_DAYS, RuleTerms
from server.rules.waivers import WAIVERS

_KINDS: dict[OrderKind, str] = {
    "normal": "普通订单",
    "group_buy": "拼团订单",
    "flash_sale": "秒杀订单",
    "points": "积分订单",
}
_NAMED = 6
"""Up to this many products or categories are listed by name."""


@dataclass(frozen=True, slots=True)
class Told:
    """A heading and the text below it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Promise:
    """The rule in brief. `ratio_bp` is the part of the order's cash that a full cycle returns, before caps."""

    required: int
    ratio_bp: int
    pay_as: Literal["balance", "coupon"]
    title: str
    text: str
    steps: tuple[Told, ...]


def returned_bp(terms: RuleTerms) -> int:
    """Return the part of an order that a full cycle returns, in basis points."""
    return terms.ratio_bp * sum(terms.stages_bp) // WHOLE_BP


def promise(terms: RuleTerms) -> Promise:
    """Return the rule for the home page: a title, a sentence and four steps."""
    friends, percent = terms.required, _percent(returned_bp(terms))
    whole = returned_bp(terms) == WHOLE_BP
    received = "确认收货" if terms.qualify_at == "received" else "付款"
    counted = f"好友的首单{received}后计 1 次，每位好友只计一次，集满 {friends} 次完成一轮。"
    return Promise(
        required=friends,
        ratio_bp=returned_bp(terms),
        pay_as=terms.pay_as,
        title=f"推荐 {friends} 位好友，{'返还你的一笔订单' if whole else f'一笔订单返还 {percent}'}",
        text=f"{friends} 位好友由你的分享而来，各完成一笔首单，你的一笔已付款订单按现金实付的 {percent}"
        f" 返还为{_form(terms)}{'，有上限' if _limits(terms) else ''}。",
        steps=(
            Told("自己买过", "返还的是你自己的订单，先挑一件喜欢的。"),
            Told("分享好物", "好友由你的分享第一次登录，就成为你推荐的好友。"),
            Told(f"{friends} 位好友首单", counted),
            Told("返还一单", f"{_PICKED[terms.pick]}，{_wait(terms)}后到账。"),
        ),
    )


_PICKED = {
    "oldest": "返还你最早付款的一笔订单",
    "newest": "返还你最近付款的一笔订单",
    "highest": "返还你金额最高的一笔订单",
    "lowest": "返还你金额最低的一笔订单",
    "member_chooses": "由你选一笔订单返还",
}


def plain(terms: RuleTerms, scope_names: Sequence[str]) -> list[Told]:
    """Return the whole rule under headings. `scope_names`: the products or categories of its scope, empty for all."""
    return [
        Told("怎样算一次有效推荐", _qualifying(terms)),
        Told("哪些商品参与", _scope(terms, scope_names)),
        Told("返还哪一笔订单", _returning(terms)),
        Told("返还多少", _amount(terms)),
        Told("返还成什么", _paid_as(terms)),
        Told("什么时候到账", _timing(terms)),
        Told("发生退款时", _refunds(terms)),
        *_waived(terms),
        Told("只看你直接推荐的好友", _DIRECT),
        Told("请注意", _NOTE),
    ]


def _waived(terms: RuleTerms) -> list[Told]:
    """Return the limits that this version leaves, with the shop's own reasons."""
    reasons = terms.waivers.reasons()
    said = "".join(f"{WAIVERS[waiver]}，理由：{reason.strip().rstrip('。')}。" for waiver, reason in reasons.items())
    return [Told("本版规则放宽的限制", said)] if said else []


_DIRECT = (
    "推三返一只计算你直接推荐的好友完成的真实购买。好友再推荐别人与你的返还无关，不按人数和层级计酬；"
    "注册、分享、拉人本身没有任何奖励，参加也不需要交任何费用。"
)
_NOTE = (
    "推三返一是购物优惠活动，不是投资或理财，不构成投资收益，也不承诺一定返还或何时返还："
    "是否返还取决于好友是否真实购买并满足以上条件。一轮返还按其中最早一次有效推荐的订单付款时的规则版本执行，"
    "规则调整不影响在此之前的订单。虚假交易、自买自荐等会进入人工审核，审核不通过的不计入。"
)


def _qualifying(terms: RuleTerms) -> str:
    at = "并确认收货" if terms.qualify_at == "received" else ""
    least = f"其中参与商品的现金实付须满 {_yuan(terms.min_paid_fen)} 元，" if terms.min_paid_fen > 1 else ""
    team = "拼团订单在成团后才计入。" if "group_buy" in terms.qualify_kinds else ""
    return (
        f"由你的分享绑定的好友，最早付款{at}且符合条件的一笔订单计 1 次，每位好友只计一次。"
        f"{least}没有现金实付（全部用余额或优惠抵扣）的订单不计。{_kinds(terms.qualify_kinds)}可以计入。{team}"
    )


def _scope(terms: RuleTerms, names: Sequence[str]) -> str:
    if terms.scope.all:
        return "全部商品都参与，好友的首单和返还给你的订单都一样。"
    told = "、".join(names[:_NAMED]) + (f"等 {len(names)} 项" if len(names) > _NAMED else "")
    what = "商品" if terms.scope.products is not None else "分类"
    return f"参与的{what}：{told}。订单里的其他商品不计入，也不返还。"


def _returning(terms: RuleTerms) -> str:
    picked = f"{_PICKED[terms.pick]}；金额相同时取较早付款的一笔。"
    if terms.pick == "member_chooses":
        picked = f"一轮完成后由你选择；{CHOICE_DAYS} 天内没有选择的，返还最早付款的一笔。"
    age = f"付款超过 {terms.returnable_days} 天的订单不再返还。" if terms.returnable_days is not None else ""
    once = "每笔订单最多返还一次，没有可返还的订单时，这一轮会等你有了再完成。"
    return f"{picked}{_kinds(terms.return_kinds)}可以返还。{age}{once}"


def _amount(terms: RuleTerms) -> str:
    base = f"按那笔订单中参与商品现金实付的 {_percent(returned_bp(terms))} 计算，精确到分，不足 1 分的舍去。"
    left_out = "运费以及用余额、积分、优惠券抵扣的部分不返还。"
    limits = "".join(f"{limit}。" for limit in _limits(terms))
    return f"{base}{left_out}{limits}"


def _limits(terms: RuleTerms) -> list[str]:
    """Return every limit of these terms, as sentences without a full stop."""
    found = []
    if terms.cap_fen is not None:
        found.append(f"每次最多返还 {_yuan(terms.cap_fen)} 元")
    if terms.member_month_cap_fen is not None:
        month = _yuan(terms.member_month_cap_fen)
        found.append(f"每人每个自然月合计最多返还 {month} 元，当月剩余额度不够时这一轮顺延")
    if (limit := payout_limit(terms)) is not None:
        found.append(limit)
    if terms.budget_fen is not None:
        found.append(f"本期规则的返还预算共 {_yuan(terms.budget_fen)} 元，预算不足时这一轮等待")
    if terms.max_cycles is not None:
        found.append(f"每人最多返还 {terms.max_cycles} 次")
    return found


def payout_limit(terms: RuleTerms) -> str | None:
    """Return what friends' orders allow at most, in the words of the rule's page; None where nothing limits it."""
    if terms.payout_cap_bp is None:
        return None
    share = _percent(terms.payout_cap_bp)
    less = "并须减去这些订单带来的佣金和积分价值，两者在订单计入这一轮时确定"
    return f"每次返还不超过这一轮好友订单现金实付合计的 {share}，{less}"


def _paid_as(terms: RuleTerms) -> str:
    if terms.pay_as == "coupon":
        threshold = f"满 {_yuan(terms.coupon_threshold_fen)} 元可用" if terms.coupon_threshold_fen else "无使用门槛"
        return f"返还为一张等额优惠券，{threshold}，到账后 {terms.coupon_days} 天内有效，不能兑换现金。"
    if terms.withdrawable:
        return "返还为钱包余额，可以在下单时抵扣，也可以申请提现到微信零钱（提现另有审核与限额）。"
    return "返还为钱包余额，仅限在本商城下单时抵扣，不能提现，也不能转让。"


def _timing(terms: RuleTerms) -> str:
    stages = ""
    if terms.staged:
        total = sum(terms.stages_bp)
        shares = "、".join(_percent(stage * WHOLE_BP // total) for stage in terms.stages_bp)
        stages = f"返还分 {terms.required} 次计入，每有一位好友计入就记一次，依次约占 {shares}。"
    return (
        f"{stages}返还先显示为冻结中，{_wait(terms)}后解冻到账，解冻前不能使用。"
        "这里的订单指这一轮好友的订单和返还给你的那笔订单；虚拟商品发货即视为收货。"
        "其中有订单在退款处理中的，等有结果后再到账。"
    )


def _wait(terms: RuleTerms) -> str:
    return f"相关订单都确认收货满 {terms.observe_days} 天" if terms.observe_days else "相关订单都确认收货"


def _refunds(terms: RuleTerms) -> str:
    least = f"不足 {_yuan(terms.min_paid_fen)} 元" if terms.min_paid_fen > 1 else "为零"
    if terms.pay_as == "coupon":
        back = "未使用的优惠券作废，已使用的按实际优惠的金额记为待扣；用券的订单整单退款时，为这张券扣回的金额会退还。"
    else:
        back = "依次从冻结和可用的余额中收回，不够的部分记为待扣，以后入账时优先抵扣。"
    lost = "最后一次计入的返还会收回" if terms.staged else "已经产生的返还会收回"
    part = ""
    if terms.payout_cap_bp is not None:
        most = _percent(terms.payout_cap_bp)
        part = (
            f"好友的订单部分退款时，按退款后的金额重新计算这一上限：返还不超过这一轮好友订单现金实付的 {most}，"
            "并减去这些订单的佣金和积分价值（随订单金额同比减少），超出部分收回，之后不再增加。"
        )
    return (
        f"好友的订单全额退款，或部分退款后参与商品的现金实付{least}时，这次有效推荐取消；"
        f"{lost}，其余有效推荐保留，可以继续凑满一轮。{part}收回时{back}"
        "返还给你的那笔订单退款时，先收回它的返还，收不回的部分从这笔退款中扣除，不会另外欠款；部分退款则按比例减少返还。"
    )


def _form(terms: RuleTerms) -> str:
    if terms.pay_as == "coupon":
        return "优惠券"
    return "可提现的余额" if terms.withdrawable else "购物余额"


def _kinds(kinds: Sequence[OrderKind]) -> str:
    """Return these kinds by name. The stacking matrix may allow none of those that a rule names."""
    return "、".join(name for kind, name in _KINDS.items() if kind in kinds) or "目前没有订单"


def _yuan(amount_fen: int) -> str:
    return yuan(amount_fen).removesuffix(".00")


def _percent(rate_bp: int) -> str:
    return f"{yuan(rate_bp).rstrip('0').rstrip('.')}%"
