"""Tables and lists of facts, as text for people and as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from entrepot.cli.output import result

MICROSECONDS = 1_000_000


def moment(microseconds: int | None) -> str | None:
    """Write a time as ISO 8601, UTC."""
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds / MICROSECONDS, UTC).isoformat(timespec="seconds")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    """Print a table.

    Args:
        rows: the fields of each line.
        columns: the fields that the table shows; JSON has all.
        as_json: print JSON instead.
    """
    if as_json:
        print_json(list(rows))
        return
    lines = [[column.upper().replace("_", " ") for column in columns]]
    lines += [[_text(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        result("  ".join(cells).rstrip())


def print_facts(facts: Mapping[str, Any], as_json: bool) -> None:
    """Print the fields of one thing, one a line."""
    if as_json:
        print_json(facts)
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        result(f"{name.replace('_', ' ').ljust(width)}  {_text(value)}".rstrip())


def print_json(document: Any) -> None:
    """Print JSON."""
    result(json.dumps(document, indent=2, ensure_ascii=False))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "-"
    if isinstance(value, Mapping):  # a grant: see describe_grants
        return f"{','.join(value['may'])}:{','.join(value['repositories'])}"
    return str(value) or "-"
