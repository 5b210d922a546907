"""Refusals of logins, accounts and addresses of members."""

from server.core.refusal import Refusal


class BadLoginCode(Refusal):
    """WeChat does not know the login code or phone code, or the code was already used."""

    code, status, message = "login_code_invalid", 400, "登录凭证已失效，请重试"


class NotLoggedIn(Refusal):
    """The token is missing, unknown or expired."""

    code, status, message = "not_logged_in", 401, "请先登录"


class AccountBlocked(Refusal):
    """The member's account is blocked or closed."""

    code, status, message = "account_blocked", 403, "账号已被限制，请联系客服"


class AddressLimit(Refusal):
    """A member keeps at most 20 addresses."""

    code, status, message = "address_limit", 422, "地址数量已达上限"
