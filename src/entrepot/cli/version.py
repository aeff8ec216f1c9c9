"""``entrepot version``."""

import platform

from entrepot import __version__
from entrepot.cli.arguments import AsJson
from entrepot.cli.output import result
from entrepot.cli.tables import print_json


def version(as_json: AsJson = False) -> None:
    """Print the versions of Entrepot and Python."""
    if as_json:
        print_json({"entrepot": __version__, "python": platform.python_version()})
        return
    result(f"entrepot {__version__} (Python {platform.python_version()})")
