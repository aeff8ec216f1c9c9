"""Finding, reading and checking the configuration, with every problem told at once."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from entrepot.config.agreement import check_agreement
from entrepot.config.document import Document, Tree, read_document
from entrepot.config.environment import override
from entrepot.config.keys import TRIE
from entrepot.config.loaded import LoadedConfiguration
from entrepot.config.lookup import (
    DEFAULT_FILES,
    default_rootdirectory,
    find_file,
    read_file,
    settle_paths,
)
from entrepot.config.problems import InvalidConfiguration, Problem, describe
from entrepot.config.sieve import sift
from entrepot.config.storage_driver import settle_driver
from entrepot.config.validate import validate

_VERSION = "0.1"


def load(
    path: Path | None,
    environ: Mapping[str, str],
    default_files: Sequence[Path] = DEFAULT_FILES,
    *,
    look_for_file: bool = True,
) -> LoadedConfiguration:
    """Do what ``entrepot.config.load`` says.

    Args:
        path: the file that was asked for.
        environ: the environment.
        default_files: where to look when no file was asked for.
        look_for_file: whether to look anywhere then.

    Raises:
        InvalidConfiguration: something cannot be used as it is written.
    """
    source = find_file(path, environ, default_files) if look_for_file else path
    if source is None:
        document = Document("the defaults")
    else:
        document = read_document(str(source), read_file(source))
        if document.problems and document.tree is None:
            raise InvalidConfiguration(document.problems)
        _check_top(document)
    warnings, remarks = override(document, environ)
    driver = settle_driver(document, default_rootdirectory() if source is None else None)
    settle_paths(document)
    kept, more = sift(document)
    remarks += more
    remarks += _follow_old_names(kept, document)
    settings = validate(_prepare(kept, driver, document), document)
    if settings is not None:
        warnings += check_agreement(settings, document)
    if settings is None or document.problems:
        raise InvalidConfiguration(_in_order(document.problems))
    return LoadedConfiguration(settings, source, tuple(warnings), tuple(remarks), document.origins)


def _check_top(document: Document) -> None:
    """Check that a file is a configuration at all, and of the right version."""
    tree = document.tree
    if isinstance(tree, dict) and tree:
        version = tree.get("version")
        if version != _VERSION:
            document.refuse(("version",), describe(("version",), version), f"version: {_VERSION}")
        return
    found = "a list" if isinstance(tree, list) else "plain text" if tree else "an empty file"
    document.refuse((), found, f"sections such as storage and http, and version: {_VERSION}")
    raise InvalidConfiguration(document.problems)


def _follow_old_names(kept: dict[str, Tree], document: Document) -> list[str]:
    """``loglevel`` is ``log.level``, unless that is set too."""
    level = kept.pop("loglevel", None)
    if level is None:
        return []
    log = kept.setdefault("log", {})
    if isinstance(log, dict) and "level" not in log:
        log["level"] = level
        document.origins[("log", "level")] = document.origin(("loglevel",))
    return [f"{document.origin(('loglevel',))}: loglevel is deprecated: use log.level"]


def _prepare(kept: dict[str, Tree], driver: str, document: Document) -> dict[str, Tree]:
    """Turn the file's way to say things into that of the settings."""
    sections = {name: value for name, value in kept.items() if name != "version"}
    sections["auth"] = _schemes(kept.get("auth"), document)
    storage = sections.get("storage")
    if isinstance(storage, dict) or storage is None:
        storage = {key: value for key, value in (storage or {}).items() if key != "inmemory"}
        sections["storage"] = {**storage, "driver": driver}
    return sections


def _schemes(kept: Tree, document: Document) -> Tree:
    """Let a scheme that is named and told nothing be missed what it needs, not be passed over."""
    section = document.tree.get("auth") if isinstance(document.tree, dict) else None
    if not isinstance(section, dict) or not isinstance(kept, dict | None):
        return kept if kept is not None else {}
    told = kept or {}
    branch = TRIE.children["auth"].children
    return {name: told.get(name, {}) for name in section if name in branch and name != "none"}


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once: by line, and those of the environment last."""
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: problem.origin.line or sys.maxsize)
