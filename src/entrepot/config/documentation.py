"""The table of keys in docs/configuration.md. ``python -m entrepot.config.documentation FILE``."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from entrepot.config.keys import KEYS, Key, Since

BEGIN = "<!-- keys: written by python -m entrepot.config.documentation; do not edit -->"
END = "<!-- end of keys -->"
_OLD = (Since.BOTH, Since.OLD)
_NEW = (Since.BOTH, Since.NEW)


def table() -> str:
    """Write every key, what Entrepot does with it, and whose it is, as Markdown."""
    lines = ["| key | 2.8 | 3.1 | Entrepot | |", "|---|---|---|---|---|"]
    for section, keys in groupby(sorted(KEYS, key=_section), _section):
        del section
        lines += map(_row, _with_reasons(list(keys)))
    return "\n".join(lines)


def insert(document: str) -> str:
    """Replace the table in a document.

    Args:
        document: Markdown with the two marks between which the table stands.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks {BEGIN!r} or {END!r}")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _section(key: Key) -> str:
    return key.path.split(".")[0].split("[")[0]


def _with_reasons(keys: list[Key]) -> Iterator[tuple[Key, str]]:
    """Each key with its own note; one that shares another's fate says whose."""
    for key in keys:
        if key.note:
            yield key, key.note
        else:
            above = [other.path for other in keys if other.note and key.path.startswith(other.path)]
            yield key, f"as `{max(above, key=len)}`"


def _row(entry: tuple[Key, str]) -> str:
    key, note = entry
    marks = ["yes" if key.since in versions else "" for versions in (_OLD, _NEW)]
    status = f"**{key.status.value}**" if key.note else key.status.value
    return f"| `{key.path}` | {marks[0]} | {marks[1]} | {status} | {note} |"


def main() -> None:
    """Rewrite the table in the file that is named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m entrepot.config.documentation FILE.md")
    path = Path(sys.argv[1])
    path.write_text(insert(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
