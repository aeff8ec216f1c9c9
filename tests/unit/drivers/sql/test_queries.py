"""What is said in SQL is said by name, and each engine has it in its own words."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import entrepot.drivers.sql
from entrepot.drivers.sql.engines.sqlite.database import QUERIES, SQLITE
from entrepot.drivers.sql.queries import compile_query, parse_queries

PACKAGE = Path(entrepot.drivers.sql.__file__).parent
ASKS = {"rows", "column", "run", "many", "change", "_change", "_changed"}

# As PostgreSQL would have it: what differs must be able to differ.
OTHER = replace(
    SQLITE,
    placeholder="${}",
    each=lambda parameter, sort, name: f"unnest(CAST({parameter} AS {sort}[])) AS {name} (value)",
    join_in_order="JOIN",
    indexed_by=lambda index: "",
    greatest="greatest",
    bring=list,
)


def said() -> Iterator[tuple[str, ast.Call]]:
    """Every call that names a query in so many words, and the query's name."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                words = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
                if called in ASKS and words and isinstance(words[0], str):
                    yield words[0], node


def test_every_query_that_is_named_is_there_and_gets_its_values() -> None:
    found = 0
    for name, call in said():
        assert name in QUERIES, f"line {call.lineno} asks for {name}"
        given = {keyword.arg for keyword in call.keywords}
        if None in given or (len(call.args) > 1 and isinstance(call.args[0], ast.Constant)):
            continue  # `**values`, or the rows of `many`
        found += 1
        assert given == set(QUERIES[name].parameters), f"line {call.lineno} asks for {name}"
    assert found > 100


def test_every_query_is_used() -> None:
    source = "".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py"))
    built = {f"{part}_{name}s" for part in ("end_of", "rest_of", "loose") for name in WORDS}
    built |= {f"queue_{name}" for name in WORDS} | {f"some_{name}" for name in COUNTED}
    built |= {f"dangling_{name}s" for name in ROWS} | {f"drop_dangling_{name}" for name in ROWS}
    assert [name for name in QUERIES if f'"{name}"' not in source and name not in built] == []


WORDS = ("blob", "manifest")
COUNTED = ("manifest_candidates", "dated_links", "blob_candidates", "doomed_bytes")
ROWS = ("tag", "link", "edge")


def test_what_is_said_in_sql_names_no_engine() -> None:
    named = [
        file.name
        for file in PACKAGE.glob("*.py")
        if "drivers.sql.engines" in file.read_text("utf-8")
    ]
    # Adoption fills a database in transactions of its own kind.
    assert sorted(named) == ["adoption.py", "adoption_log.py"]


def test_parameters_are_numbered_in_the_order_in_which_they_come_first() -> None:
    query = compile_query(
        "q", "SELECT :b, :a FROM t\nWHERE x = :b AND y = CAST(:c AS text);", SQLITE
    )
    assert query.text == "SELECT ?1, ?2 FROM t\nWHERE x = ?1 AND y = CAST(?3 AS text)"
    assert query.parameters == ("b", "a", "c")
    assert query.bind({"a": 1, "b": 2, "c": 3}) == (2, 1, 3)
    with pytest.raises(KeyError):
        query.bind({"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("said", "sqlite", "other"),
    [
        (
            "FROM {each ids bigint wanted}",
            "json_each(?1) AS wanted",
            "unnest(CAST($1 AS bigint[]))",
        ),
        ("{join in order} b ON true", "CROSS JOIN b ON true", "JOIN b ON true"),
        ("FROM t {indexed by i}", "FROM t INDEXED BY i", "FROM t"),
        ("SELECT {greatest}(a, :b)", "SELECT max(a, ?1)", "SELECT greatest(a, $1)"),
    ],
)
def test_what_differs_is_in_the_words_of_the_engine(said: str, sqlite: str, other: str) -> None:
    assert sqlite in compile_query("q", said, SQLITE).text
    assert other in compile_query("q", said, OTHER).text


def test_a_list_is_brought_as_the_engine_takes_it() -> None:
    text = "SELECT value FROM {each ids bigint wanted} WHERE value > :least"
    values = {"ids": (1, 2), "least": 0}
    assert compile_query("q", text, SQLITE).bind(values) == ("[1, 2]", 0)
    assert compile_query("q", text, OTHER).bind(values) == ([1, 2], 0)


def test_an_unknown_word_in_braces_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown word"):
        compile_query("q", "SELECT {least}(1, 2)", SQLITE)


def test_two_queries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        parse_queries("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n")


def test_the_bytes_of_a_page_are_read_from_its_comment() -> None:
    text = "-- What comes.\n-- page bytes: 4096\nSELECT 1;"
    assert compile_query("q", text, SQLITE).page_bytes == 4096
    assert compile_query("q", "SELECT 1;", SQLITE).page_bytes is None


def test_a_query_tells_whether_it_changes_anything() -> None:
    changing = {name for name, query in QUERIES.items() if query.changes}
    assert {"add_repository", "note_pull", "delete_tag"} <= changing
    words = ("INSERT INTO", "UPDATE ", "DELETE FROM")
    for name, query in QUERIES.items():
        assert query.changes == any(word in query.text.upper() for word in words), name
