"""Pieces of what was sent, made fit for an error's detail."""

MAX_EXCERPT = 300


def excerpt(text: str) -> str:
    r"""Take the beginning of a text; what UTF-8 cannot write (lone surrogates) becomes \udXXX."""
    return text[:MAX_EXCERPT].encode("utf-8", "backslashreplace").decode("utf-8")
