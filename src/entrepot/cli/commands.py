"""Every command, one line each: the words that call it, and the function that does it.

A command's module is imported when it is called, so that ``serve`` starts without the others.
"""

from collections.abc import Callable
from importlib import import_module

GROUPS = {
    "config": "Look at the configuration.",
    "tls": "Make certificates.",
}
"""The first words of commands that have two, and what is said of them."""

COMMANDS = {
    "serve": "serve:serve",
    "adopt": "adopt:adopt",
    "check": "check:check",
    "config check": "config.check:check",
    "config show": "config.show:show",
    "tls selfsigned": "tls.selfsigned:selfsigned",
    "version": "version:version",
}
"""For each command its module below ``entrepot.cli``, and the function."""


def load(command: str) -> Callable[..., None]:
    """Import a command.

    Args:
        command: its words, as COMMANDS has them.
    """
    module, _, name = COMMANDS[command].partition(":")
    function: Callable[..., None] = getattr(import_module(f"entrepot.cli.{module}"), name)
    return function
