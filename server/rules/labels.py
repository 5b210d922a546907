"""Chinese words for stored values, as operators read them; a value without a word is shown as it is stored."""

from server.rules.approvals import KINDS, STATES, ApprovalState
from server.rules.coupon_claims import SEGMENTS
from server.rules.flash_sales import LABELS as FLASH_SALE_LABELS
from server.rules.flash_sales import State as FlashSaleState
from server.rules.group_buys import LABELS as TEAM_LABELS
from server.rules.group_buys import TeamState
from server.rules.limits import Kind
from server.rules.operators import ROLE_LABELS, Role
from server.rules.orders import LABELS as ORDER_LABELS
from server.rules.orders import OrderStatus
from server.rules.points_goods import LABELS as POINTS_GOOD_LABELS
from server.rules.points_goods import State as PointsGoodState
from server.rules.withdrawals import LABELS as WITHDRAWAL_LABELS
from server.rules.withdrawals import WithdrawalState

ROLES: dict[Role, str] = ROLE_LABELS

ORDER_STATES: dict[OrderStatus, str] = ORDER_LABELS

WITHDRAWAL_STATES: dict[WithdrawalState, str] = WITHDRAWAL_LABELS

REFUND_STATES = {
    "requested": "待审核",
    "granting": "待占用优惠券的订单关闭",
    "returning": "待退货",
    "rejected": "已拒绝",
    "withdrawn": "会员已撤销",
    "approved": "待退款",
    "processing": "退款中",
    "abnormal": "退款异常",
    "succeeded": "已退款",
}

GROWTH_KINDS = {"spend": "消费", "referral": "有效推荐", "taken_back": "收回", "correction": "人工调整"}

LEVEL_CHANGES = {"growth": "成长值达到", "year": "一年到期评定", "correction": "人工评定"}

MEMBER_STATES = {"active": "正常", "blocked": "已封禁", "closed": "已注销"}

BINDING_WAYS = {"login": "分享登录", "late": "补绑", "correction": "人工更正"}

COUPON_STATES = {"unused": "未使用", "locked": "下单占用", "used": "已使用", "void": "已作废"}

EARNING_STATES = {"frozen": "冻结中", "settled": "已到账", "reversed": "已收回"}
"""The states of rebates and commissions."""

WALLET = {
    "spend_only": "仅消费",
    "withdrawable": "可提现",
    "frozen": "冻结",
    "in_flight": "提现中",
    "debt": "待扣",
}
"""A member's money by kind, as the ledger's accounts have it."""

REVEALED = {"phone": "手机号", "nickname": "昵称", "addresses": "收货地址", "openid": "openid"}
"""Personal data that is masked until an operator gives a reason to see it."""

PRODUCT_KINDS = {"physical": "实物", "virtual": "虚拟"}

SHELF = {"on": "上架", "off": "下架", "coming": "待上架", "over": "已到期下架"}
CHANNELS = {False: "商城", True: "仅限积分兑换"}
FREIGHT_BY = {"piece": "按件数", "weight": "按重量"}

STOCK_STATES = {"in_stock": "充足", "low": "需补货", "sold_out": "售罄"}

COUPON_TEMPLATE_STATES = {True: "可领取", False: "已停用"}
COUPON_SEGMENTS = SEGMENTS | {"day": "当天生日的会员"}
COUPON_ISSUE_STATES = {
    "running": "发放中",
    "done": "已完成",
    "total": "总量发完",
    "ended": "优惠券已停用或过期",
    "stopped": "已停止",
}

ACTIVITY_STATES = {"upcoming": "未开始", "running": "进行中", "over": "已结束", "stopped": "已停止"}

SWITCHES = {True: "开", False: "关"}

TEAM_STATES: dict[TeamState, str] = TEAM_LABELS

FLASH_SALE_STATES: dict[FlashSaleState, str] = FLASH_SALE_LABELS

POINTS_GOOD_STATES: dict[PointsGoodState, str] = POINTS_GOOD_LABELS

RECONCILIATION_STATES = {"clean": "一致", "differences": "有差异", "failed": "未能对账"}
ASK_STATES = {"waiting": "排队中", "running": "对账中", "done": "已完成", "failed": "失败"}
BILLS = {"trade": "交易", "refund": "退款", "fund": "资金"}
DIFFERENCES = {"ours_only": "仅我方有", "theirs_only": "仅微信有", "amount": "金额不符", "state": "状态不符"}

APPROVAL_KINDS: dict[Kind, str] = KINDS
APPROVAL_STATES: dict[ApprovalState, str] = STATES

EXPORT_STATES = {"waiting": "排队中", "running": "生成中", "done": "已完成", "failed": "失败"}

QUALIFICATION_STATES = {
    "pending": "待收货",
    "held": "待审核",
    "counted": "有效",
    "consumed": "已返还",
    "void": "无效",
}

HELD_FOR = {"referrer_blocked": "推荐人被封禁", "risk": "风险审核"}

VOID_FOR = {
    "refund": "退款",
    "team_failed": "拼团失败",
    "returned_refund": "返还的订单退款",
    "review": "审核不通过",
    "earlier_order": "好友有付款更早的订单",
}
"""Why a qualification no longer counts, or why a rebate was taken back."""

PAID_AS = {"balance": "余额", "coupon": "优惠券"}

FIRST_ORDERS = {"none": "未下单", "paid": "已付款，不计入"} | QUALIFICATION_STATES
"""The state of a referee's first order: none yet, or the state of its qualification."""

ALARMS = {
    "approval_waits": "一项申请等待审批超过一天",
    "stock_low": "库存不足",
    "cards_missing": "卡密或优惠券不足",
    "rebate_budget": "返一预算用完",
    "job_failing": "后台任务反复失败",
    "job_unknown": "未知的后台任务",
    "audit_failed": "账目核对发现不符",
    "audit_log_broken": "操作日志被改动或被截短",
    "row_failing": "到期的一条记录反复处理失败",
    "refund_abnormal": "退款异常",
    "refund_waits": "退款快到审核期限",
    "refund_mismatch": "退款金额不符",
    "refund_refused": "微信拒绝退款",
    "payment_mismatch": "支付与订单不符",
    "payment_after_close": "关闭后付款",
    "payment_twice": "重复付款",
    "shipping_refused": "微信拒绝发货信息，货款会一直冻结",
    "withdrawal_refused": "微信拒绝转账",
    "withdrawal_mismatch": "转账与提现不符",
    "withdrawal_lost": "微信查不到转账",
    "withdrawal_contradiction": "转账结果前后矛盾",
    "reconciliation": "对账有差异或未能对账",
    "wechat_reminds": "微信提醒处理（未发货或未接入发货）",
}

LISTS = {
    "orders": "订单",
    "refunds": "退款",
    "products": "商品",
    "stock": "库存",
    "freight": "运费模板",
    "coupon-templates": "优惠券",
    "coupons": "已发优惠券",
    "group-buys": "拼团",
    "teams": "团",
    "coupon-issues": "优惠券发放",
    "flash-sales": "秒杀场次",
    "flash-items": "秒杀结果",
    "points-goods": "积分商城",
    "shipping": "待发货",
    "withdrawals": "提现",
    "ledger": "账户",
    "ledger-entries": "分录",
    "members": "会员",
    "growth": "成长值明细",
    "rules": "返一规则",
    "reconciliation": "对账",
    "differences": "对账差异",
    "jobs": "后台任务",
    "qualifications": "有效推荐",
    "rebates": "返一",
    "commission-policies": "分润策略",
    "commissions": "佣金",
    "alarms": "报警",
    "approvals": "待审批",
    "audit": "操作日志",
}
"""The titles of the operators' lists by name."""

ACTIONS = {
    "audit_log.seal": "重新封存操作日志",
    "order_ship": "发货",
    "order.shipping_correct": "更正物流信息",
    "order.receiver": "查看收货信息",
    "refund_open": "代客申请退款",
    "refund_approve": "同意退款",
    "refund_reject": "拒绝退款",
    "refund.return": "同意退货",
    "refund.reissue": "重新退款",
    "rule_publish": "发布返一规则",
    "stacking_publish": "发布叠加规则",
    "commission.apply": "发布分润策略",
    "qualification_review": "审核有效推荐",
    "binding.correct": "更正绑定",
    "member.state": "会员封禁或解封",
    "member.reveal": "查看会员隐私信息",
    "member.points": "发放或扣除积分",
    "member.growth": "调整成长值",
    "levels.change": "修改会员等级",
    "product.apply": "商品变更",
    "coupon.apply": "优惠券变更",
    "activity.apply": "营销活动变更",
    "coupon.issue": "发放优惠券",
    "coupon.issue_stop": "停止发放优惠券",
    "coupon.issue_void": "作废一次发放的优惠券",
    "coupon.void": "作废优惠券",
    "withdrawal_approve": "同意提现",
    "withdrawal_reject": "拒绝提现",
    "withdrawal_cancel": "撤销提现",
    "withdrawal.name": "查看提现实名",
    "reconcile": "对账",
    "reconcile.ask": "发起对账",
    "job.retry": "重试后台任务",
    "notice.change": "修改通知模板",
    "settings.change": "修改商城设置",
    "alarm.seen": "处理报警",
    "approval.ask": "提交审批",
    "approval.approve": "同意申请",
    "approval.reject": "拒绝申请",
    "approval.cancel": "撤回申请",
    "approval.fail": "申请没有做成",
    "approval.expire": "申请过期",
    "export.make": "导出列表",
    "export.download": "下载导出文件",
    "operator.create": "新增操作员",
    "operator.role": "变更角色",
    "operator.disable": "停用操作员",
    "operator.enable": "启用操作员",
    "operator.reset": "重置密码与两步验证",
    "operator.login": "登录",
    "operator.locked": "多次失败被锁定",
    "operator.logout": "退出登录",
    "operator.logout_all": "退出所有设备",
    "operator.revoke_device": "移除设备",
    "operator.password": "修改密码",
    "operator.totp_set": "设置两步验证",
}
