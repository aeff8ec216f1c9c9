"""Where the configuration file is, and what paths in it mean."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from entrepot.config.document import Document, Tree
from entrepot.config.environment import CONFIGURATION_PATH
from entrepot.config.file_owner import describe_owner
from entrepot.config.problems import InvalidConfiguration, KeyPath, Origin, Problem, describe

# Ours first: the documented installation puts it there. The images of Docker Registry 3 and 2 keep
# theirs in the other two.
DEFAULT_FILES = (
    Path("/etc/entrepot/config.yml"),
    Path("/etc/distribution/config.yml"),
    Path("/etc/docker/registry/config.yml"),
)
_LARGEST = 1 << 20

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
    "proxies.[].ca",
    "proxies.[].certificate",
    "proxies.[].key",
    "proxies.[].dockerconfig",
)
_SOCKET = "http.addr"


def find_file(
    path: Path | None, environ: Mapping[str, str], default_files: Sequence[Path]
) -> Path | None:
    """Decide which file holds the configuration.

    Args:
        path: the file that was asked for.
        environ: may name another one.
        default_files: where else to look; the first that exists.

    Returns:
        The file, which need not exist when it was asked for; None where there is none.
    """
    if path is not None:
        return path
    if environ.get(CONFIGURATION_PATH):
        return Path(environ[CONFIGURATION_PATH])
    return next((file for file in default_files if _may_exist(file)), None)


def _may_exist(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        # A file that this user may not look at is no reason to serve something else.
        return True


def read_file(path: Path) -> bytes:
    """Read a configuration file.

    Args:
        path: the file.

    Raises:
        InvalidConfiguration: it cannot be read, or is far too large for a configuration.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        found = None
    except PermissionError:
        found = f"no permission ({describe_owner(path)})"
    except OSError as error:
        found = (error.strerror or str(error)).lower()
    else:
        if len(content) <= _LARGEST:
            return content
        found = "more than 1 MiB"
    problem = Problem(Origin(str(path)), "", found, "a configuration file that can be read")
    raise InvalidConfiguration([problem])


def default_rootdirectory() -> str:
    """Name the data directory of a registry that has no configuration file.

    Never Docker Registry's own: it may be serving that directory at this moment.
    """
    return str(Path.cwd() / "registry-data")


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
