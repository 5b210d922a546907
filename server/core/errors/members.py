"""Refusals of who a member is and what is kept for one."""

from server.core.refusal import Refusal


class BadLoginCode(Refusal):
    """WeChat does not know the login or phone code, or it was used before."""

    code, status, message = "login_code_invalid", 400, "登录凭证已失效，请重试"


class NotLoggedIn(Refusal):
    """No token, or one that is unknown or expired."""

    code, status, message = "not_logged_in", 401, "请先登录"


class AccountBlocked(Refusal):
    """The member is blocked or closed."""

    code, status, message = "account_blocked", 403, "账号已被限制，请联系客服"


class AddressLimit(Refusal):
    """A member keeps at most 20 addresses."""

    code, status, message = "address_limit", 422, "地址数量已达上限"
