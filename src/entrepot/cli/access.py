"""``entrepot access``: what the rules allow, and the keys that sign tokens."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.administration import administer
from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    parse_repository,
    read_configuration,
)
from entrepot.cli.output import result, say
from entrepot.cli.tables import print_json
from entrepot.ports.access import ANONYMOUS, Action, Caller, Kind
from entrepot.services.access.rules import ANONYMOUS_SUBJECT
from entrepot.services.access.view import Decision

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

Who = Annotated[
    str,
    typer.Argument(metavar="USER", help="A user, a robot, or `anonymous`.", show_default=False),
]
What = Annotated[
    Action,
    typer.Argument(metavar="ACTION", help="pull, push, delete, list or admin.", show_default=False),
]
Where = Annotated[
    str, typer.Argument(metavar="REPOSITORY", help="Such as team/app.", show_default=False)
]
WithToken = Annotated[
    str | None,
    typer.Option(
        "--token", metavar="NAME", help="As logged in with this token.", show_default=False
    ),
]


def check(
    user: Who,
    action: What,
    repository: Where,
    token: WithToken = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Print whether somebody may do something, and which rule decides it.

    Exits with 0 for yes and 1 for no.
    """
    name = parse_repository(repository)

    async def work(administration: "Administration") -> Decision:
        caller = await _caller(administration, user, token)
        return await administration.decide(caller, action, name)

    decision = administer(config, defaults, work)
    if as_json:
        print_json(
            {
                "user": user,
                "action": str(action),
                "repository": repository,
                "allowed": decision.allowed,
                "reason": decision.reason,
            }
        )
    else:
        result(f"{'yes' if decision.allowed else 'no'}: {decision.reason}")
    raise typer.Exit(exit_codes.OK if decision.allowed else exit_codes.FAILURE)


async def _caller(administration: "Administration", user: str, token: str | None) -> Caller:
    """Give the caller of this name: an account, or a user that another authenticator knows."""
    if user == ANONYMOUS_SUBJECT:
        return ANONYMOUS
    account = await administration.accounts.account(user) if user.isprintable() else None
    kind = Kind.USER if account is None else account.kind
    if token is None:
        return Caller(user, kind)
    stored = await administration.tokens.get(user, token)
    return Caller(user, kind, limits=stored.limits)


def rekey(config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False) -> None:
    """Replace every key that signs tokens.

    Do so after a leak of the database. Access tokens in use are refused within seconds; clients
    get new ones by themselves.
    Other registries that trust this token server need its new certificate.
    """
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend

    settings = read_configuration(config, defaults).settings

    async def run() -> None:
        with Backend(settings).beside() as drivers:
            await drivers.tokens.forget_all_keys()

    asyncio.run(run())
    if as_json:
        print_json({"removed": "signing keys"})
    else:
        say("Removed the signing keys; the next token request creates new ones.")
