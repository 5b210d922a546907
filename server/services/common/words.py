"""Chinese full-text search without a dictionary in the database: texts are cut into words here."""

import re
import unicodedata

import rjieba

_WORD = re.compile(r"\w+")
_LONGEST_QUERY = 8
"""Words of a query beyond this number add nothing but work."""


def cut(text: str) -> str:
    """The words of a text, space separated, for `to_tsvector('simple', …)`: whole words and the words inside them."""
    plain = _plain(text)
    found = [*rjieba.cut(plain), *rjieba.cut_for_search(plain)]
    return " ".join(dict.fromkeys(word for part in found for word in _WORD.findall(part)))


def query(text: str) -> str | None:
    """The `to_tsquery('simple', …)` text asking for every word, the last as a beginning; None without words."""
    found = [word for part in rjieba.cut(_plain(text)) for word in _WORD.findall(part)]
    if not found:
        return None
    # A word has only letters, digits and `_`, so the quotes cannot be closed from inside.
    return " & ".join(f"'{word}'" for word in found[:_LONGEST_QUERY]) + ":*"


def _plain(text: str) -> str:
    """Full-width and upper-case forms as one."""
    return unicodedata.normalize("NFKC", text).lower()
