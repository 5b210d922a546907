"""Refusals of logins to the panel and of changes to operators' accounts."""

from server.core.refusal import Refusal


class OperatorUnproven(Refusal):
    """Panel: name, password or code are wrong; the answer does not say which."""

    code, status, message = "operator_unproven", 401, "账号、密码或动态码不正确"


class OperatorNameTaken(Refusal):
    """Panel: an operator of this name exists, perhaps disabled. Names are in the audit log and never reused."""

    code, status, message = "operator_name_taken", 409, "这个账号名已被使用"


class PasswordUnfit(Refusal):
    """Panel: the chosen password is too weak; `problem` says why, in Chinese."""

    code, status, message = "password_unfit", 422, "密码不符合要求"


class CodeWrong(Refusal):
    """Panel: the authenticator's code is wrong or was already used."""

    code, status, message = "code_wrong", 422, "动态码不正确或已使用过"


class LastOwner(Refusal):
    """Panel: at least one operator who can manage operators must remain."""

    code, status, message = "last_owner", 422, "至少要保留一位可用的店主"


class OperatorLocked(Refusal):
    """Panel: too many wrong passwords or codes; try again in `retry_after_s` seconds."""

    code, status, message = "operator_locked", 429, "尝试次数过多，账号已暂时锁定，请稍后再试"
    retry_after_s = 1

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
