"""Chinese full-text search: texts are cut into words here, so the database needs no Chinese dictionary."""

import re
import unicodedata

import rjieba

_WORD = re.compile(r"\w+")
_LONGEST_QUERY = 8
"""The most words of a query that are used; more words only add work."""


def cut(text: str) -> str:
    """Return the words of a text, and the words inside them, separated by spaces for `to_tsvector('simple', …)`."""
    plain = _plain(text)
    found = [*rjieba.cut(plain), *rjieba.cut_for_search(plain)]
    return " ".join(dict.fromkeys(word for part in found for word in _WORD.findall(part)))


def query(text: str) -> str | None:
    """Return the text for `to_tsquery('simple', …)`: all words, the last one as a prefix; None without words."""
    found = [word for part in rjieba.cut(_plain(text)) for word in _WORD.findall(part)]
    if not found:
        return None
    # A word has only letters, digits and `_`, so the quotes cannot be closed from inside.
    return " & ".join(f"'{word}'" for word in found[:_LONGEST_QUERY]) + ":*"


def _plain(text: str) -> str:
    """Normalize full-width and upper-case forms."""
    return unicodedata.normalize("NFKC", text).lower()
