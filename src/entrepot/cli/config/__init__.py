"""``entrepot config``: one command a file."""

from entrepot.cli.config.check import check
from entrepot.cli.config.show import show

__all__ = ["check", "show"]
