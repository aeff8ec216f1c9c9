"""Paths: absolute in a file, relative to the working directory at most in the environment."""

from pathlib import Path
from typing import Any

from entrepot.config.document import Document, Tree
from entrepot.config.problems import KeyPath, describe

# `[]` stands for each item of a list.
PATHS = (
    "storage.filesystem.rootdirectory",
    "database.sqlite.path",
    "auth.htpasswd.path",
    "auth.token.rootcertbundle",
    "auth.token.jwks",
    "http.tls.certificate",
    "http.tls.key",
    "http.tls.keypassphrasefile",
    "http.tls.clientcas.[]",
    "http.tls.letsencrypt.cachefile",
    "http.tls.letsencrypt.directorycas",
    "health.file.[].file",
)
_SOCKET = "http.addr"


def settle_paths(document: Document) -> None:
    """Refuse relative paths of a file, and make those of the environment absolute.

    Docker Registry takes a relative path from its working directory. A file that says one would
    mean another directory to each command that reads it, and so another registry.

    Args:
        document: its tree changes; its ``problems`` grow.
    """
    paths = (*PATHS, _SOCKET) if _has_socket(document.tree) else PATHS
    for path in paths:
        _settle(document, document.tree, path.split("."), ())


def _settle(document: Document, holder: Any, rest: list[str], path: KeyPath) -> None:
    name, *further = rest
    parts: list[str | int] = [name]
    if name == "[]":
        parts = list(range(len(holder))) if isinstance(holder, list) else []
    for part in parts:
        here = (*path, part)
        value = _at(holder, part)
        if further:
            _settle(document, value, further, here)
        elif isinstance(value, str) and value and not Path(value).is_absolute():
            holder[part] = _absolute(document, value, here)


def _absolute(document: Document, value: str, path: KeyPath) -> str:
    absolute = str(Path.cwd() / value)
    if document.origin(path).line is not None:
        document.refuse(
            path,
            describe(path, value),
            f"an absolute path, such as {absolute}, the same from every working directory",
        )
    return absolute


def _has_socket(tree: Tree) -> bool:
    http = _at(tree, "http")
    net = _at(http, "net")
    return isinstance(net, str) and net.lower() == "unix"


def _at(holder: Tree, part: str | int) -> Tree:
    if isinstance(holder, dict) and isinstance(part, str):
        return holder.get(part)
    if isinstance(holder, list) and isinstance(part, int):
        return holder[part]
    return None
