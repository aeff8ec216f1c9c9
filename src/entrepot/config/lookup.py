"""Where the configuration lies."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from entrepot.config.environment import CONFIGURATION_PATH
from entrepot.config.problems import InvalidConfiguration, Origin, Problem

# Ours first: the documented installation puts it there. The images of Docker Registry 3 and 2 keep
# theirs in the other two.
DEFAULT_FILES = (
    Path("/etc/entrepot/config.yml"),
    Path("/etc/distribution/config.yml"),
    Path("/etc/docker/registry/config.yml"),
)
_LARGEST = 1 << 20


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
