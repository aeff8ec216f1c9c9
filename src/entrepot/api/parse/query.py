"""Query parameters."""

from functools import lru_cache
from urllib.parse import parse_qs

from entrepot.errors import InvalidPagination, InvalidRequest

_MAX_FIELDS = 1000
_SHORT = 64


class Query:
    """The parameters of a request; unknown ones are ignored.

    Args:
        raw: the part after the question mark, as sent.

    Raises:
        InvalidRequest: there are too many; none is silently ignored.
    """

    __slots__ = ("_fields",)

    def __init__(self, raw: bytes) -> None:
        try:
            self._fields = (
                parse_qs(
                    raw.decode("latin-1"),
                    keep_blank_values=True,
                    max_num_fields=_MAX_FIELDS,
                    encoding="utf-8",
                    errors="replace",
                )
                if raw
                else {}
            )
        except ValueError:
            raise InvalidRequest(f"a URL has at most {_MAX_FIELDS} parameters") from None

    def first(self, name: str) -> str | None:
        """Give the first value of a parameter; None if it is absent."""
        values = self._fields.get(name)
        return values[0] if values else None

    def every(self, name: str) -> list[str]:
        """Give all values of a parameter."""
        return self._fields.get(name, [])


@lru_cache(maxsize=512)
def _short_query(raw: bytes) -> Query:
    return Query(raw)


def read_query(raw: bytes) -> Query:
    """Give the parameters of a request; short queries, which often repeat, are cached.

    Raises:
        InvalidRequest: there are too many.
    """
    return _short_query(raw) if len(raw) <= _SHORT else Query(raw)


def parse_page_size(query: Query, maximum: int, fallback: int) -> int:
    """Read `n`, the most names on a page of a list.

    Args:
        query: of the request.
        maximum: the limit of larger numbers.
        fallback: the default.

    Raises:
        InvalidPagination: it is negative, or not a number.
    """
    text = query.first("n")
    if text is None or text == "":
        return fallback
    if not (text.isascii() and text.isdigit()):
        raise InvalidPagination("n must be a number of entries, 0 or more", {"n": text[:100]})
    digits = text.lstrip("0") or "0"
    return min(maximum, int(digits)) if len(digits) < 19 else maximum
