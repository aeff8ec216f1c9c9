"""Loads named SQL, in the words of one engine.

A file has any number of queries, each below a line `-- name: its_name`. Parameters are written
`:name`. A comment `-- page bytes: N` in a query ends its answer early, once the last column of the
rows taken has come to N bytes. What the engines say differently is written in braces:

    {each digests text wanted}   the values of a list that is brought, as wanted.value
    {join in order}              a join that is done in the order in which it is written
    {indexed by NAME}            walks that index
    {greatest}                   the function that gives the greatest of its arguments

What differs more has a query of the same name in the engine's own folder, which is taken instead.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from operator import itemgetter
from typing import Any

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PAGE_BYTES = re.compile(r"^-- page bytes: (\d+)$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_WORD = re.compile(r"\{(each|join in order|indexed by|greatest)(?: ([\w ]+))?\}")
_CHANGING = frozenset({"INSERT", "UPDATE", "DELETE"})
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine writes what differs.

    Attributes:
        folder: of the engine's own queries, below `engines`.
        placeholder: a parameter by its number, with `{}` in the number's place.
        each: gives the table of a list's values, from the parameter, the type and the table's name.
        join_in_order: the words of such a join.
        indexed_by: gives the words that name an index.
        greatest: the function's name.
        bring: turns a list into the value that is bound.
    """

    folder: str
    placeholder: str
    each: Callable[[str, str, str], str]
    join_in_order: str
    indexed_by: Callable[[str], str]
    greatest: str
    bring: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A statement that an engine can run.

    Attributes:
        name: under which it is asked for.
        text: with the engine's placeholders.
        parameters: their names, in the order of the placeholders' numbers.
        bind: puts values into that order; raises KeyError when one is missing.
        page_bytes: rows are taken until their last column comes to this; None for all of them.
        changes: whether it changes rows, also where it gives some (RETURNING).
    """

    name: str
    text: str
    parameters: tuple[str, ...]
    bind: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    page_bytes: int | None
    changes: bool


def load_queries(dialect: Dialect) -> dict[str, Query]:
    """Read every query, by name, as an engine has it.

    Raises:
        ValueError: two queries of one folder have one name, or a word in braces is unknown.
    """
    package = files(__package__)
    texts = _read(package.joinpath("queries"))
    texts.update(_read(package.joinpath("engines", dialect.folder, "queries")))
    return {name: compile_query(name, text, dialect) for name, text in texts.items()}


def compile_query(name: str, text: str, dialect: Dialect) -> Query:
    """Bring a query into an engine's words.

    Raises:
        ValueError: a word in braces is unknown.
    """
    page = _PAGE_BYTES.search(text)
    lists: set[str] = set()
    parameters: dict[str, int] = {}

    def word(match: re.Match[str]) -> str:
        words = (match[2] or "").split()
        if match[1] == "each":
            lists.add(words[0])
            return dialect.each(f":{words[0]}", words[1], words[2])
        if match[1] == "indexed by":
            return dialect.indexed_by(words[0])
        return dialect.greatest if match[1] == "greatest" else dialect.join_in_order

    def number(match: re.Match[str]) -> str:
        return dialect.placeholder.format(parameters.setdefault(match[1], len(parameters) + 1))

    said = _WORD.sub(word, _COMMENT.sub("", text).strip().rstrip(";"))
    if "{" in said:
        raise ValueError(f"the query {name} has braces around an unknown word")
    said = _PARAMETER.sub(number, said)
    return Query(
        name,
        said,
        tuple(parameters),
        _binder(tuple(parameters), lists, dialect.bring),
        None if page is None else int(page[1]),
        said[:6].upper() in _CHANGING,
    )


def parse_queries(text: str) -> dict[str, str]:
    """Take a file of queries apart, into their texts by name.

    Raises:
        ValueError: two have one name.
    """
    parts = _NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) < len(names):
        raise ValueError(f"two queries of one file have one name: {sorted(names)}")
    return dict(zip(names, bodies, strict=True))


def _read(folder: Traversable) -> dict[str, str]:
    queries: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for name, text in parse_queries(file.read_text("utf-8")).items():
            if name in queries:
                raise ValueError(f"two queries are named {name}")
            queries[name] = text
    return queries


def _binder(
    names: tuple[str, ...], lists: set[str], bring: Callable[[Any], Any]
) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if lists:
        return partial(_bind_lists, names, lists, bring)
    if len(names) > 1:
        return itemgetter(*names)  # the hot path binds in C
    if names:
        return partial(_bind_one, names[0])
    return _bind_none


def _bind_lists(
    names: tuple[str, ...],
    lists: set[str],
    bring: Callable[[Any], Any],
    values: Mapping[str, Any],
) -> tuple[Any, ...]:
    return tuple(bring(values[name]) if name in lists else values[name] for name in names)


def _bind_one(name: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return (values[name],)


def _bind_none(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return ()
