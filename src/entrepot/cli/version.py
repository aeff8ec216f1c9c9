"""``entrepot version``."""

import platform

from entrepot import __version__
from entrepot.cli.output import result


def version() -> None:
    """Print the version of Entrepot, and of Python."""
    result(f"entrepot {__version__} (Python {platform.python_version()})")
