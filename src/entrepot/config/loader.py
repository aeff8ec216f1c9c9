"""Finding, reading and checking the configuration, with every problem told at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from entrepot.config.agreement import check_agreement
from entrepot.config.document import Document, Tree, read_document
from entrepot.config.environment import override
from entrepot.config.keys import TRIE
from entrepot.config.loaded import LoadedConfiguration
from entrepot.config.lookup import DEFAULT_FILES, default_rootdirectory, find_file, read_file
from entrepot.config.problems import InvalidConfiguration, Problem
from entrepot.config.shorthand import expand
from entrepot.config.sieve import sift
from entrepot.config.validate import validate

_VERSION = "0.1"
# Parts of the section storage that name no driver.
_NO_DRIVERS = frozenset({"maintenance", "cache", "delete", "redirect", "tag"})


def load(
    path: Path | None,
    environ: Mapping[str, str],
    default_files: Sequence[Path] = DEFAULT_FILES,
) -> LoadedConfiguration:
    """Do what ``entrepot.config.load`` says.

    Args:
        path: the file that was asked for.
        environ: the environment.
        default_files: where to look when no file was asked for.

    Raises:
        InvalidConfiguration: something cannot be used as it is written.
    """
    source = find_file(path, environ, default_files)
    if source is None:
        document = Document("the defaults")
    else:
        document = read_document(str(source), read_file(source))
        if document.problems and document.tree is None:
            raise InvalidConfiguration(document.problems)
        _check_top(document)
    warnings = override(document, environ)
    if source is None:
        _choose_default_storage(document)
    _name_drivers(document)
    driver = _check_driver(document)
    kept, more = sift(document)
    warnings += more
    warnings += _follow_old_names(kept, document)
    settings = validate(_prepare(kept, driver), document)
    if settings is not None:
        warnings += check_agreement(settings, document)
    if settings is None or document.problems:
        raise InvalidConfiguration(_in_order(document.problems))
    return LoadedConfiguration(settings, source, tuple(warnings))


def _check_top(document: Document) -> None:
    """Check that a file is a configuration at all, and of the right version."""
    if document.tree is None or document.tree == {}:
        document.tree = {}
        document.refuse((), "an empty file", "a configuration, with version: 0.1")
    elif not isinstance(document.tree, dict):
        found = "a list" if isinstance(document.tree, list) else "plain text"
        document.refuse((), found, "a mapping of sections, such as storage and http")
        raise InvalidConfiguration(document.problems)
    elif document.tree.get("version") != _VERSION:
        version = document.tree.get("version")
        found = None if version is None else repr(version)
        document.refuse(("version",), found, f"version: {_VERSION}")


def _name_drivers(document: Document) -> None:
    """Give every driver and scheme that is named a mapping, be it empty."""
    tree = document.tree if isinstance(document.tree, dict) else {}
    for section in ("storage", "auth"):
        value = tree[section] = expand((section,), tree.get(section))
        if isinstance(value, dict):
            for name, content in value.items():
                if content is None and name not in _NO_DRIVERS:
                    value[name] = {}
    document.tree = tree


def _drivers(document: Document) -> list[str]:
    storage = document.tree.get("storage") if isinstance(document.tree, dict) else None
    return (
        [name for name in storage if name not in _NO_DRIVERS] if isinstance(storage, dict) else []
    )


def _choose_default_storage(document: Document) -> None:
    """Without a file and without a driver in the environment, files in the usual place."""
    _name_drivers(document)
    tree = document.tree if isinstance(document.tree, dict) else {}
    storage = tree.get("storage")
    if not _drivers(document) and not isinstance(storage, str | list):
        tree["storage"] = {
            **(storage or {}),
            "filesystem": {"rootdirectory": default_rootdirectory()},
        }
    document.tree = tree


def _check_driver(document: Document) -> str:
    names = _drivers(document)
    if len(names) > 1:
        document.refuse(("storage",), " and ".join(names), "exactly one driver")
    elif not names:
        known = ", ".join(
            name for name in TRIE.children["storage"].names if name not in _NO_DRIVERS
        )
        document.refuse(("storage",), "no driver", f"one of {known}")
    return names[0] if names and names[0] in ("filesystem", "inmemory") else "filesystem"


def _follow_old_names(kept: dict[str, Tree], document: Document) -> list[str]:
    """``loglevel`` is ``log.level``, unless that is set too."""
    level = kept.pop("loglevel", None)
    if level is None:
        return []
    log = kept.setdefault("log", {})
    if isinstance(log, dict) and "level" not in log:
        log["level"] = level
        document.origins[("log", "level")] = document.origin(("loglevel",))
    return [f"{document.origin(('loglevel',))}: loglevel is an old name: use log.level"]


def _prepare(kept: dict[str, Tree], driver: str) -> dict[str, Tree]:
    """Turn the file's way to say things into that of the settings."""
    sections = {name: value for name, value in kept.items() if name not in ("version", "auth")}
    storage = sections.get("storage")
    if isinstance(storage, dict) or storage is None:
        storage = {key: value for key, value in (storage or {}).items() if key != "inmemory"}
        sections["storage"] = {**storage, "driver": driver}
    return sections


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once: by line, and those of the environment last."""
    unique = dict.fromkeys(problems)
    return sorted(
        unique, key=lambda problem: (problem.origin.line is None, problem.origin.line or 0)
    )
