"""Every command, one line each: the words that call it, and the function that does it.

A command's module is imported when it is called, so that ``serve`` starts without the others.
"""

from collections.abc import Callable
from importlib import import_module

GROUPS = {
    "config": "Check or show the configuration.",
    "tls": "Create certificates.",
    "image": "List, show and remove images.",
    "repository": "List and remove repositories.",
    "retention": "Which tags the retention rules keep.",
    "cache": "What mirrors keep of other registries.",
    "tag": "The history of tags, and restoring them.",
    "user": "Users, who log in with a password or a personal access token.",
    "token": "Tokens to log in with instead of a password.",
    "robot": "Robots: accounts for programs, which log in with a token.",
    "group": "Groups of users, for use in rules.",
    "rule": "Rules: who may do what in which repositories.",
    "access": "What the rules allow, and the keys that sign tokens.",
}
"""The first words of commands that have two, with their help."""

COMMANDS = {
    "serve": "serve:serve",
    "adopt": "adopt:adopt",
    "gc": "gc:gc",
    "check": "check:check",
    "usage": "usage:usage",
    "backup": "backup:backup",
    "restore": "restore:restore",
    "export": "export:export",
    "import": "import_images:import_images",
    "config check": "config:check",
    "config show": "config:show",
    "tls selfsigned": "tls:selfsigned",
    "user add": "user:add",
    "user list": "user:list_users",
    "user show": "user:show",
    "user disable": "user:disable",
    "user enable": "user:enable",
    "user reset": "user:reset",
    "user logout": "user:logout",
    "user expire": "user:expire",
    "user remove": "user:remove",
    "token add": "token:add",
    "token list": "token:list_tokens",
    "token show": "token:show",
    "token rotate": "token:rotate",
    "token remove": "token:remove",
    "robot add": "robot:add",
    "robot list": "robot:list_robots",
    "robot show": "robot:show",
    "robot rotate": "robot:rotate",
    "robot disable": "robot:disable",
    "robot enable": "robot:enable",
    "robot expire": "robot:expire",
    "robot remove": "robot:remove",
    "group add": "group:add",
    "group list": "group:list_groups",
    "group show": "group:show",
    "group join": "group:join",
    "group leave": "group:leave",
    "group remove": "group:remove",
    "rule add": "rule:add",
    "rule list": "rule:list_rules",
    "rule show": "rule:show",
    "rule remove": "rule:remove",
    "access check": "access:check",
    "access rekey": "access:rekey",
    "image list": "image_view:list_images",
    "image show": "image_view:show",
    "image rm": "image:rm",
    "repository list": "image_view:list_repositories",
    "repository rm": "repository:rm",
    "retention show": "retention:show",
    "retention run": "retention:run",
    "cache status": "cache:status",
    "cache warm": "cache:warm",
    "cache purge": "cache:purge",
    "tag history": "tag:history",
    "tag restore": "tag:restore",
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
