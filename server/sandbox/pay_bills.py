"""Daily trade and fund bills in WeChat's CSV format: backticks, yuan, a summary at the end."""

import datetime as dt
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from server.sandbox import crypto
from server.sandbox.context import Sandbox, china_day, china_time
from server.sandbox.errors import PayError, param_error
from server.sandbox.signing import PayAnswer, PayCall, PayOperation, ok
from server.sandbox.store import Doc

LINK_VALID_S = 300
KEPT_DAYS = 92
READY_HOUR = "10:00:00"
OPENING_BALANCE_FEN = 100_000_000
FEE_PER_MILLE = 6
ESCAPED_COMMA = r"\,"
TRADE_COLUMNS = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
]
REFUND_COLUMNS = ("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "申请退款金额")
TRADE_SUMMARY = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
FUND_COLUMNS = [
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
]
Row = dict[str, Any]


def yuan(fen: int) -> str:
    """Format fen as yuan: `-1234` to `-12.34`."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def trade_bill(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """`GET /v3/bill/tradebill`."""
    kind = call.query.get("bill_type") or "ALL"
    if kind not in ("ALL", "SUCCESS", "REFUND"):
        raise param_error("/bill_type", "账单类型只能是ALL、SUCCESS或REFUND", value=kind, location="query")
    day = _day(sandbox, call)
    rows = [
        row
        for row in _trade_rows(sandbox, day)
        if kind in ("ALL", "SUCCESS" if row["交易状态"] == "SUCCESS" else "REFUND")
    ]
    columns = TRADE_COLUMNS
    if kind == "SUCCESS":
        columns = [name for name in columns if name not in REFUND_COLUMNS]
    elif kind == "REFUND":
        columns = [*columns[:14], "退款申请时间", "退款成功时间", *columns[14:]]
    sums = {name: sum(row[column] for row in rows) for name, column in TRADE_SUMMARY.items()}
    return _link(sandbox, call, columns, rows, {"总交易单数": str(len(rows)), **sums})


def fund_bill(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """`GET /v3/bill/fundflowbill`; here every movement belongs to the BASIC account."""
    account = call.query.get("account_type") or "BASIC"
    if account not in ("BASIC", "OPERATION", "FEES"):
        raise param_error("/account_type", "资金账户类型错误", value=account, location="query")
    day = _day(sandbox, call)
    rows = list(_fund_rows(sandbox, day)) if account == "BASIC" else []
    income = [row["收支金额(元)"] for row in rows if row["收支类型"] == "收入"]
    spent = [row["收支金额(元)"] for row in rows if row["收支类型"] == "支出"]
    summary = {"资金流水总笔数": str(len(rows)), "收入笔数": str(len(income)), "收入金额": sum(income),
               "支出笔数": str(len(spent)), "支出金额": sum(spent)}  # fmt: skip
    return _link(sandbox, call, FUND_COLUMNS, rows, summary)


def _day(sandbox: Sandbox, call: PayCall) -> str:
    """Return the requested day. Raises PayError if its bill does not exist yet or never can."""
    text, now = call.query.get("bill_date", ""), sandbox.now()
    if call.query.get("tar_type", "GZIP") != "GZIP":
        raise param_error("/tar_type", "压缩类型只能是GZIP", location="query")
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise param_error("/bill_date", "账单日期格式须为YYYY-MM-DD", value=text, location="query") from error
    today = dt.date.fromisoformat(china_day(now))
    served_today = sandbox.knobs.now.bills_today
    if day > today or (day == today and not served_today) or (today - day).days > KEPT_DAYS:
        raise PayError(400, "INVALID_REQUEST", "账单日期须为昨日及之前三个月内的日期")
    yesterday_early = (today - day).days == 1 and not served_today and china_time(now)[11:] < READY_HOUR
    if yesterday_early or sandbox.knobs.take("statement_creating", "trade_bill"):
        raise PayError(400, "STATEMENT_CREATING", "账单生成中，请稍后再试")
    return day.isoformat()


def _trade_rows(sandbox: Sandbox, day: str) -> list[Row]:
    rows = []
    for paid in sandbox.store.all("transaction"):
        if china_day(paid["paid"]) == day:
            rows.append((paid["paid"], _payment_row(paid)))
        refunds = sandbox.store.children("refund", paid["transaction_id"])
        rows += [(made["created"], _refund_row(paid, made)) for made in refunds if china_day(made["created"]) == day]
    return [row for _, row in sorted(rows, key=lambda timed: timed[0])]


def _payment_row(paid: Doc) -> Row:
    params = paid["params"]
    total = params["amount"]["total"]
    return {
        **dict.fromkeys(TRADE_COLUMNS, ""),
        **dict.fromkeys(("代金券金额", "退款金额", "充值券退款金额", "申请退款金额"), 0),
        "交易时间": china_time(paid["paid"]),
        "公众账号ID": params["appid"],
        "商户号": params["mchid"],
        "特约商户号": "0",
        "微信订单号": paid["transaction_id"],
        "商户订单号": paid["out_trade_no"],
        "用户标识": params["payer"]["openid"],
        "交易类型": "JSAPI",
        "交易状态": "SUCCESS",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "应结订单金额": total,
        "商品名称": params["description"],
        "商户数据包": params.get("attach") or "",
        "手续费": fee_fen(total),
        "费率": f"{FEE_PER_MILLE / 10:.2f}%",
        "订单金额": total,
    }


def _refund_row(paid: Doc, made: Doc) -> Row:
    back = made["params"]["amount"]["refund"]
    status = {"CLOSED": "FAIL", "ABNORMAL": "CHANGE"}.get(made["status"], made["status"])
    return {
        **_payment_row(paid),
        "交易时间": china_time(made["created"]),
        "交易状态": "REFUND",
        "应结订单金额": 0,
        "订单金额": 0,
        "微信退款单号": made["refund_id"],
        "商户退款单号": made["out_refund_no"],
        "退款金额": back,
        "退款类型": "ORIGINAL",
        "退款状态": status,
        "手续费": -fee_fen(back),
        "申请退款金额": back,
        "退款申请时间": china_time(made["created"]),
        "退款成功时间": china_time(made["success"]) if made["success"] else "",
    }


def fee_fen(amount_fen: int) -> int:
    """Return the fee of 0.60 %, rounded to the fen."""
    return (amount_fen * FEE_PER_MILLE + 500) // 1000


def _movements(sandbox: Sandbox) -> Iterator[tuple[float, str, str, str, int, str]]:
    """Yield every change of the account: time, WeChat's number, name, type, signed fen, our number."""
    for paid in sandbox.store.all("transaction"):
        number, total = paid["transaction_id"], paid["params"]["amount"]["total"]
        yield paid["paid"], number, "交易", "交易", total, paid["out_trade_no"]
        yield paid["paid"], number, "扣除交易手续费", "扣除交易手续费", -fee_fen(total), paid["out_trade_no"]
        for made in sandbox.store.children("refund", number):
            if made["status"] != "CLOSED":
                back = made["params"]["amount"]["refund"]
                returned = back - fee_fen(back)
                yield made["created"], made["refund_id"], "退款", "退款", -returned, made["out_refund_no"]
    for bill in sandbox.store.all("transfer"):
        if bill["state"] == "SUCCESS":
            amount = -bill["params"]["transfer_amount"]
            yield bill["updated"], bill["transfer_bill_no"], "商家转账", "商家转账", amount, bill["out_bill_no"]


def _fund_rows(sandbox: Sandbox, day: str) -> Iterator[Row]:
    balance = OPENING_BALANCE_FEN
    movements = sorted(_movements(sandbox), key=lambda movement: movement[0])
    for index, (at, number, name, kind, fen, ours) in enumerate(movements, start=1):
        balance += fen
        if fen == 0 or china_day(at) != day:
            continue
        yield {
            **dict.fromkeys(FUND_COLUMNS, ""),
            "记账时间": china_time(at),
            "微信支付业务单号": number,
            "资金流水单号": f"{int(at):010}{index:010}",
            "业务名称": name,
            "业务类型": kind,
            "收支类型": "收入" if fen > 0 else "支出",
            "收支金额(元)": abs(fen),
            "账户结余(元)": balance,
            "资金变更提交申请人": "system",
            "业务凭证号": ours,
        }


def _link(sandbox: Sandbox, call: PayCall, columns: Iterable[str], rows: list[Row], summary: Row) -> PayAnswer:
    if not rows:
        raise PayError(400, "NO_STATEMENT_EXIST", "账单不存在")
    columns = list(columns)
    lines = [",".join(columns), *(_line(row[name] for name in columns) for row in rows)]
    lines += [",".join(summary), _line(summary.values())]
    text = "".join(f"{line}\r\n" for line in lines)
    token = crypto.random_word(48)
    gzipped = "tar_type" in call.query
    facts = {"text": text, "gzip": gzipped, "expires": sandbox.now() + LINK_VALID_S}
    sandbox.store.put("bill", token, facts)
    return ok(
        {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(text.encode()).hexdigest(),  # noqa: S324  (WeChat's)
            "download_url": f"{call.base_url}/v3/billdownload/file?token={token}",
        }
    )


def _line(values: Iterable[str | int]) -> str:
    """Join values to a CSV line. Integers are fen, written in yuan; a comma in a text would end its field."""
    return ",".join(
        f"`{yuan(value) if isinstance(value, int) else value.replace(',', ESCAPED_COMMA)}" for value in values
    )


def bill_download(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """The file behind a download link; the link works for five minutes, and the answer is not signed."""
    facts = sandbox.store.get("bill", call.query.get("token", ""))
    if facts is None or facts["expires"] <= sandbox.now():
        raise PayError(400, "INVALID_REQUEST", "下载链接无效或已过期")
    content = facts["text"].encode()
    return PayAnswer(
        200, gzip.compress(content, mtime=0) if facts["gzip"] else content, "application/octet-stream", signed=False
    )


OPERATIONS = (
    PayOperation("trade_bill", "GET", "/v3/bill/tradebill", trade_bill),
    PayOperation("fund_bill", "GET", "/v3/bill/fundflowbill", fund_bill),
    PayOperation("bill_download", "GET", "/v3/billdownload/file", bill_download),
)
