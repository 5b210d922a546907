"""Refusals of what is uploaded."""

from server.core.refusal import Refusal


class FileInvalid(Refusal):
    """A file of products or coupons with mistakes; `problems` lists them by line."""

    code, status, message = "file_invalid", 422, "文件内容有误"


class SheetInvalid(Refusal):
    """An uploaded XLSX file cannot be read, or holds too much: `problem` says so."""

    code, status, message = "sheet_invalid", 422, "表格文件无法使用"


class PictureInvalid(Refusal):
    """What was sent is no JPEG, PNG or WebP picture, or one of too many pixels."""

    code, status, message = "picture_invalid", 422, "请选择一张 JPG、PNG 或 WebP 图片"
