"""``REGISTRY_A_B_C=value`` overrides ``a.b.c``, into lists and free names too.

As in Docker Registry: variables apply in the order of their names, so that ``REGISTRY_STORAGE``
comes before ``REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY``; values are YAML, but for settings of one
text, which are taken as they are; a list takes the index of an item, or of the one after its last.
"""

import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

from entrepot.config.document import Document, Tree, read_document
from entrepot.config.keys import KEYS, TRIE, Branch, Status
from entrepot.config.problems import KeyPath, Origin, Problem, describe, spell
from entrepot.config.shorthand import expand

PREFIX = "REGISTRY_"
CONFIGURATION_PATH = "REGISTRY_CONFIGURATION_PATH"

# What Kubernetes and Docker's links set for a service named registry, registry-auth and so on.
_SERVICE_LINK = re.compile(
    r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|NAME)$"
)
# Set by podman, buildah and skopeo for themselves.
_OTHER_PROGRAMS = frozenset({"REGISTRY_AUTH_FILE"})
# Sections where a name that does not exist would leave data unprotected or in the wrong place.
_STRICT = frozenset({"access", "auth", "storage"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# Go's name of a field, where Docker Registry's variable follows it and not the file's key.
_GO_NAMES = {
    "filecheckers": "file",
    "httpcheckers": "http",
    "tcpcheckers": "tcp",
    "eventconfig": "events",
    "mailoptions": "options",
    "trustkey": "signingkeyfile",
}


def override(document: Document, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Apply the environment to a document.

    Args:
        document: its tree, origins and problems change.
        environ: the environment.

    Returns:
        Warnings of variables that name no key, and remarks on those of other programs.
    """
    strangers: list[str] = []
    unknown: list[str] = []
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    ours.pop(CONFIGURATION_PATH, None)
    for name, value in sorted(ours.items(), key=_order):
        if name in _OTHER_PROGRAMS or _is_service_link(name, document.tree):
            strangers.append(name)
        elif not _apply(document, name, value):
            unknown.append(name)
    warnings = [
        f"environment variable {name} names no configuration key, and has no effect"
        f"{_did_you_mean(name)}"
        for name in unknown
    ]
    remarks = []
    if strangers:
        noun = "variable" if len(strangers) == 1 else "variables"
        names = ", ".join(strangers)
        remarks.append(f"environment {noun} of other programs, without effect here: {names}")
    return warnings, remarks


def _order(variable: tuple[str, str]) -> list[tuple[bool, int, str]]:
    """By name, a section before its parts, and the items of a list by their number."""
    return [
        (not part.isdecimal(), int(part[:9]) if part.isdecimal() else 0, part)
        for part in variable[0].split("_")
    ]


def _is_service_link(name: str, tree: Tree) -> bool:
    if not _SERVICE_LINK.search(name):
        return False
    # A name such as that of an item of a list is a key all the same.
    path = _resolve(name.removeprefix(PREFIX).split("_"), tree)
    return path is None or path[-1] != "name" or _branch(path) is None


def _branch(path: KeyPath) -> Branch | None:
    branch: Branch | None = TRIE
    for part in path:
        branch = branch.child(part) if branch else None
    return branch


def _did_you_mean(name: str) -> str:
    from difflib import get_close_matches

    names = {
        key.path.replace("[]", "_0").replace(".", "_").upper()
        for key in KEYS
        if "*" not in key.path
    } - {"VERSION"}
    close = get_close_matches(name.removeprefix(PREFIX).upper(), sorted(names), n=1, cutoff=0.8)
    return f"; did you mean {PREFIX}{close[0]}?" if close else ""


def _apply(document: Document, name: str, value: str) -> bool:
    """Apply one variable; answers whether it names a key, or was refused."""
    place = f"environment variable {name}"
    parts = name.removeprefix(PREFIX).split("_")
    path = _resolve(parts, document.tree)
    if path is None or path == ("version",):
        if len(parts) > 1 and parts[0].lower() in _STRICT:
            expected = f"a key of {parts[0].lower()}, or no such variable{_did_you_mean(name)}"
            document.problems.append(Problem(Origin(place), "", "an unknown name", expected))
            return True
        return False
    if _is_plain(value.strip()) and _is_text(path):
        # A secret or a path may have any character in it.
        _place(document, path, value.strip(), Origin(place))
        return True
    override = read_document(place, value)
    if override.problems:
        expected = "YAML; put quotes around text that begins with a symbol"
        document.problems.append(Problem(Origin(place), spell(path), "no YAML", expected))
        return True
    _place(document, path, override.tree, Origin(place))
    return True


def _resolve(parts: list[str], tree: Tree) -> KeyPath | None:
    """Find the path that a variable's name means, or None."""
    path: KeyPath = ()
    branch: Branch | None = TRIE
    while parts:
        if branch is None or branch.is_list or (parts[0].isdigit() and not branch.children):
            # Below a list, or below what the table does not know further.
            part, parts = _item_or_name(parts, tree, path, branch)
        elif "*" in branch.children:
            part, parts = _free_name(parts, _at(tree, path)), []
        else:
            known = _known_name(parts, branch)
            if known is None:
                if branch.key is None or branch.key.status is Status.WORKS:
                    return None
                # A driver that arrives later may be told anything.
                known = parts[0].lower(), parts[1:]
            part, parts = known
        branch = branch.child(part) if branch else None
        path = (*path, part)
    return path


def _item_or_name(
    parts: list[str], tree: Tree, path: KeyPath, branch: Branch | None
) -> tuple[str | int, list[str]]:
    if parts[0].isascii() and parts[0].isdigit() and len(parts[0]) < 6:
        return int(parts[0]), parts[1:]
    if branch is not None:
        return parts[0], parts[1:]  # no index: said when it is put in its place
    return _free_name(parts[:1], _at(tree, path)), parts[1:]


def _free_name(parts: list[str], holder: Tree) -> str:
    name = "_".join(parts)
    names = holder if isinstance(holder, dict) else {}
    return next((key for key in names if key.lower() == name.lower()), name.lower())


def _known_name(parts: list[str], branch: Branch) -> tuple[str, list[str]] | None:
    """The shortest key that the name begins with; a few keys have underscores in them."""
    for end in range(1, len(parts) + 1):
        name = "_".join(parts[:end]).lower()
        name = name if name in branch.children else _GO_NAMES.get(name, name)
        if name in branch.children:
            return name, parts[end:]
    return None


def _at(tree: Tree, path: KeyPath) -> Tree:
    for part in path:
        if isinstance(tree, dict) and isinstance(part, str):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def _place(document: Document, path: KeyPath, value: Tree, origin: Origin) -> None:
    """Put a value at a path, and make what leads there."""
    tree = document.tree if isinstance(document.tree, dict) else {}
    document.tree = tree
    holder: dict[str, Tree] | list[Tree] = tree
    for depth, part in enumerate(path):
        here = path[: depth + 1]
        last = depth == len(path) - 1
        old = _at(holder, (part,))
        if last:
            new: Tree = expand(here, value)
        elif isinstance(old, dict | list):
            new = old
        else:
            new = [] if _wants_list(path[depth + 1], here) else {}
        if not _put(holder, part, new):
            found = describe(here, str(part))
            document.problems.append(
                Problem(
                    origin, spell(path[:depth]), found, "the index of an item, or the next free one"
                )
            )
            return
        if last:
            for known in [known for known in document.origins if known[: depth + 1] == here]:
                del document.origins[known]
            if isinstance(value, str) and isinstance(new, dict):  # was a shorthand
                document.origins[(*here, value)] = origin
        document.origins.setdefault(here, origin)
        if isinstance(new, dict | list):
            holder = new


def _is_text(path: KeyPath) -> bool:
    """Whether a setting is one text, in which signs of YAML mean nothing."""
    from entrepot.config.settings import Settings

    kind: Any = Settings
    for part in path:
        if isinstance(part, int):
            kind = next(iter(get_args(kind)), None)  # of the items of a tuple
        else:
            kind = get_type_hints(kind).get(part) if is_dataclass(kind) else None
        options = get_args(kind)
        if NoneType in options:
            kind = next(option for option in options if option is not NoneType)
    return kind is str


def _is_plain(value: str) -> bool:
    """Whether a text stands for itself, rather than in quotes or for nothing."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return not quoted and value not in _NULLS


def _wants_list(part: str | int, path: KeyPath) -> bool:
    branch = _branch(path)
    return isinstance(part, int) or (branch is not None and branch.is_list)


def _put(holder: dict[str, Tree] | list[Tree], part: str | int, value: Tree) -> bool:
    if isinstance(holder, dict):
        holder[str(part)] = value
        return True
    if not isinstance(part, int) or part > len(holder):
        return False
    holder[part : part + 1] = [value]
    return True
