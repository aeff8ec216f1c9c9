"""No text of a stranger's keeps an expression of the program searching.

Python's own expressions can search for ever. They are used for constants alone, each of which is
held here against a megabyte of what it is worst at, in the ways in which the program uses it.
Expressions of operators, and those of logs, are RE2's (`entrepot.oci.linear_regex`).
"""

import ast
import importlib
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import entrepot
from tests.cpu_time import within_cpu_seconds

ROOT = Path(entrepot.__file__).parent
MEGABYTE = 1_000_000
# These make expressions of patterns: atomic groups, which never search again, and own tests.
COMPOSED = {"entrepot.oci.repository_glob", "entrepot.oci.tag_glob"}
WAYS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "split")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(["entrepot", *parts]).removesuffix(".__init__"), ast.parse(path.read_text())


def is_re(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "re"


def ways_used(tree: ast.Module, name: str) -> set[str]:
    """Give the methods that a module calls on one of its expressions."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        and node.attr in WAYS
    }


def expressions() -> list[tuple[str, re.Pattern[str] | re.Pattern[bytes], set[str]]]:
    found = []
    for module, tree in sources():
        if not any(is_re(node) for node in ast.walk(tree)):
            continue
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, re.Pattern):
                found.append((f"{module}.{name}", value, ways_used(tree, name)))
    return found


EXPRESSIONS = expressions()
NAMES = [name for name, _, _ in EXPRESSIONS]


def test_pythons_expressions_are_constants_of_modules() -> None:
    wrong = []
    for module, tree in sources():
        outside = [node for child in tree.body for node in functions(child)]
        for function in outside:
            wrong += [
                f"{module}:{node.lineno}"
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute)
                and is_re(node.value)
                and node.attr in (*WAYS, "compile", "subn")
                and module not in COMPOSED
            ]
        named = {alias.name for node in ast.walk(tree) for alias in imported(node)}
        if "re2" in named and module != "entrepot.oci.linear_regex":
            wrong.append(f"{module} imports re2")
        if named & {"fnmatch", "glob", "sre_compile"} and module not in COMPOSED:
            wrong.append(f"{module} imports what makes expressions")
    assert wrong == []


def functions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node
    else:
        for child in ast.iter_child_nodes(node):
            yield from functions(child)


def imported(node: ast.AST) -> list[ast.alias]:
    if isinstance(node, ast.ImportFrom):
        return [ast.alias(node.module or "")]
    return node.names if isinstance(node, ast.Import) else []


def test_every_expression_is_found_and_used() -> None:
    assert len(EXPRESSIONS) > 30
    assert [name for name, _, ways in EXPRESSIONS if not ways] == []


def use(expression: re.Pattern[str] | re.Pattern[bytes], ways: set[str], text: str) -> None:
    given_text = text.encode("latin-1", "replace") if expression.flags & re.UNICODE == 0 else text
    if isinstance(expression.pattern, str):
        given_text = text
    for way in ways:
        if way == "finditer":
            for _ in expression.finditer(given_text):  # type: ignore[arg-type]
                pass
        elif way == "sub":
            expression.sub(given_text[:0], given_text)  # type: ignore[arg-type]
        else:
            getattr(expression, way)(given_text)


def pieces(expression: re.Pattern[str] | re.Pattern[bytes]) -> list[str]:
    """Give what an attack on an expression may consist of: its own words, letters and classes."""
    pattern = expression.pattern
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    words = re.findall(r"[A-Za-z_ ]{2,}|://", text.replace("\\", ""))
    signs = {sign for sign in text if sign in string.punctuation}
    blocks = [
        f"-----BEGIN {what}-----\n" for what in ("CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY")
    ]
    return [
        *dict.fromkeys(words),
        *blocks,
        *sorted(signs),
        "a",
        "A",
        "0",
        " ",
        "\t",
        "\n",
        "\x00",
        "é",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_searches_long_in_a_repeated_piece(name: str) -> None:
    _, expression, ways = EXPRESSIONS[NAMES.index(name)]
    some = pieces(expression)
    # A square of the length would take an hour, so the processor's speed does not matter.
    for piece in some:
        for end in ("", "!"):
            with within_cpu_seconds(20):
                use(expression, ways, piece * (MEGABYTE // len(piece)) + end)


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_searches_long_in_what_it_almost_matches(name: str) -> None:
    _, expression, ways = EXPRESSIONS[NAMES.index(name)]
    some = st.lists(st.sampled_from(pieces(expression)), min_size=1, max_size=3).map("".join)

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(some, some, st.sampled_from(["", "!", "\x00", "=", '"']))
    def attack(begin: str, repeated: str, end: str) -> None:
        with within_cpu_seconds(20):
            use(expression, ways, begin + repeated * (MEGABYTE // 4 // len(repeated)) + end)

    attack()
