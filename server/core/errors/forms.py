"""Refusals of the panel's forms."""

from server.core.refusal import Refusal


class FormForged(Refusal):
    """Panel: the form was not sent from a page of this session."""

    code, status, message = "form_forged", 403, "页面已过期或来源不明，请刷新后重试"


class VersionStale(Refusal):
    """Panel: somebody published a newer version after this form was opened; `version` is its number."""

    code, status, message = "version_stale", 409, "已有更新的版本，请重新填写"


class FormInvalid(Refusal):
    """Panel: the form has mistakes; `problems` lists them by `field`, with its `label`."""

    code, status, message = "form_invalid", 422, "请修改后再提交"
