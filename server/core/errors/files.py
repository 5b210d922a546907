"""Refusals of uploaded files."""

from server.core.refusal import Refusal


class FileInvalid(Refusal):
    """A file of products or coupons has mistakes; `problems` lists them by line."""

    code, status, message = "file_invalid", 422, "文件内容有误"


class SheetInvalid(Refusal):
    """An uploaded XLSX file cannot be read or is too large; `problem` says which."""

    code, status, message = "sheet_invalid", 422, "表格文件无法使用"


class PictureInvalid(Refusal):
    """The upload is not a JPEG, PNG or WebP picture, or has too many pixels."""

    code, status, message = "picture_invalid", 422, "请选择一张 JPG、PNG 或 WebP 图片"
