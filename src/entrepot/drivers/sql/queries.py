"""Loads the SQL of this driver: files of named, commented queries."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)


def load_queries() -> dict[str, str]:
    """Read every query of `queries/*.sql`, by name.

    Raises:
        ValueError: two queries have one name.
    """
    queries: dict[str, str] = {}
    folder = files(__package__).joinpath("queries")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for name, text in parse_queries(file.read_text("utf-8")).items():
            if name in queries:
                raise ValueError(f"two queries are named {name}")
            queries[name] = text
    return queries


def parse_queries(text: str) -> dict[str, str]:
    """Take a file of queries apart: each begins with a line `-- name: its_name`."""
    parts = _NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    return {
        name: _COMMENT.sub("", body).strip().rstrip(";")
        for name, body in zip(names, bodies, strict=True)
    }


def migration_files(family: str) -> list[Traversable]:
    """List the migrations of one database, `metadata` or `sessions`, in their order."""
    folder = files(__package__).joinpath("engines", "sqlite", "migrations", family)
    return sorted(folder.iterdir(), key=lambda entry: entry.name)
