"""What the commands for users, robots and groups have in common."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.cli.administration import administer
from entrepot.cli.expiry import parse_expiry
from entrepot.cli.output import say, warn
from entrepot.cli.tables import moment, print_json
from entrepot.ports.access import OPERATOR, Kind
from entrepot.ports.clock import SystemClock

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration
    from entrepot.services.access.accounts import AccountsOfKind


def set_disabled(
    kind: Kind, name: str, disabled: bool, config: Path | None, defaults: bool, as_json: bool
) -> None:
    """Disable or enable a user or a robot.

    Args:
        kind: which of the two.
        name: whose.
        disabled: whether to disable it.
        config: the configuration file, if one was named.
        defaults: read no file.
        as_json: print JSON.
    """
    administer(
        config, defaults, lambda tools: _of(tools, kind).set_disabled(OPERATOR, name, disabled)
    )
    if as_json:
        print_json({"name": name, "disabled": disabled})
    else:
        say(f"{'Disabled' if disabled else 'Enabled'} {kind} {name}.")


def expire(
    kind: Kind, name: str, when: str, config: Path | None, defaults: bool, as_json: bool
) -> None:
    """Set when a user or a robot expires.

    Args:
        kind: which of the two.
        name: whose.
        when: the time, as it was typed.
        config: the configuration file, if one was named.
        defaults: read no file.
        as_json: print JSON.
    """
    expires_at = parse_expiry(when, SystemClock().now())
    administer(config, defaults, lambda tools: _of(tools, kind).expire(OPERATOR, name, expires_at))
    if as_json:
        print_json({"name": name, "expires": moment(expires_at)})
    else:
        say(f"{str(kind).capitalize()} {name} expires {moment(expires_at) or 'never'}.")


def remove(
    kind: str,
    name: str,
    work: "Callable[[Administration], Awaitable[None]]",
    config: Path | None,
    defaults: bool,
    as_json: bool,
) -> None:
    """Remove a user, a robot or a group, and name the rules that still mention it.

    Args:
        kind: what rules write before the name.
        name: whose.
        work: removes.
        config: the configuration file, if one was named.
        defaults: read no file.
        as_json: print JSON.
    """
    who = f"{kind}:{name}"

    async def both(tools: "Administration") -> list[str]:
        await work(tools)
        return await tools.rules.naming(who)

    rules = administer(config, defaults, both)
    if as_json:
        print_json({"removed": name, "rules_left": rules})
        return
    say(f"Removed {kind} {name}.")
    if rules:
        warn(
            f"rules still name {who} and will apply to the next {kind} of that name:"
            f" {', '.join(rules)}"
        )


def _of(tools: "Administration", kind: Kind) -> "AccountsOfKind":
    return tools.users if kind is Kind.USER else tools.robots
