"""``entrepot group``: groups of users, for rules."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli import account_changes
from entrepot.cli.administration import Description, administer, all_rows
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults, split_words
from entrepot.cli.output import say
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.ports.access import OPERATOR
from entrepot.ports.accounts import Group

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

GroupName = Annotated[str, typer.Argument(metavar="NAME", help="The group.", show_default=False)]
Members = Annotated[list[str], typer.Argument(metavar="USER...", help="Users.", show_default=False)]
External = Annotated[
    bool,
    typer.Option(
        "--external",
        help="Allow members without an account here, such as users of an htpasswd file.",
    ),
]

COLUMNS = ("name", "created", "description")

MemberOption = Annotated[
    list[str] | None,
    typer.Option("--member", metavar="USER", help="A user; may be repeated."),
]


def describe(group: Group) -> dict[str, Any]:
    """Give the fields of a group."""
    return {
        "name": group.name,
        "description": group.description,
        "created": moment(group.created_at),
    }


def add(
    name: GroupName,
    member: MemberOption = None,
    external: External = False,
    description: Description = "",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Create a group."""
    members = split_words(member or [])
    administer(
        config,
        defaults,
        lambda tools: tools.groups.add(
            OPERATOR, name, members, description=description, external=external
        ),
        changes=True,
    )
    if as_json:
        print_json({"name": name, "members": members})
    else:
        say(f"Created group {name}.")


def list_groups(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List groups."""
    groups = administer(config, defaults, lambda tools: all_rows(tools.groups.list))
    print_rows([describe(group) for group in groups], COLUMNS, as_json)


def show(
    name: GroupName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a group's members, and the rules that name it."""

    async def work(administration: "Administration") -> dict[str, Any]:
        return {
            **describe(await administration.groups.get(name)),
            "members": await administration.groups.members(name),
            "rules": await administration.rules.naming(f"group:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)


def join(
    name: GroupName,
    users: Members,
    external: External = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Add users to a group."""
    administer(
        config, defaults, lambda tools: tools.groups.join(OPERATOR, name, users, external=external)
    )
    if as_json:
        print_json({"name": name, "joined": users})
    else:
        say(f"Added {', '.join(users)} to group {name}.")


def leave(
    name: GroupName,
    users: Members,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove users from a group."""
    administer(config, defaults, lambda tools: tools.groups.leave(OPERATOR, name, users))
    if as_json:
        print_json({"name": name, "left": users})
    else:
        say(f"Removed {', '.join(users)} from group {name}.")


def remove(
    name: GroupName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a group; its members stay users."""
    account_changes.remove(
        "group", name, lambda tools: tools.groups.remove(OPERATOR, name), config, defaults, as_json
    )
