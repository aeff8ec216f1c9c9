"""What the commands about users, robots and groups do alike, and what they tell."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.cli.administration import administer
from entrepot.cli.expiry import parse_expiry
from entrepot.cli.output import say, warn
from entrepot.cli.tables import moment, print_json
from entrepot.ports.access import Kind
from entrepot.ports.clock import SystemClock

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration
    from entrepot.services.access.accounts import AccountsOfKind


def set_disabled(
    kind: Kind, name: str, disabled: bool, config: Path | None, defaults: bool, as_json: bool
) -> None:
    """Let a user or a robot in no more, or again.

    Args:
        kind: which of the two.
        name: whose.
        disabled: no more.
        config: the file that was asked for.
        defaults: look for no file.
        as_json: tell it to programs.
    """
    administer(config, defaults, lambda tools: _of(tools, kind).set_disabled(name, disabled))
    if as_json:
        print_json({"name": name, "disabled": disabled})
    else:
        say(f"{kind} {name} is {'disabled' if disabled else 'enabled'}")


def expire(
    kind: Kind, name: str, when: str, config: Path | None, defaults: bool, as_json: bool
) -> None:
    """Let a user or a robot in until a moment, or for ever.

    Args:
        kind: which of the two.
        name: whose.
        when: the moment, as it was typed.
        config: the file that was asked for.
        defaults: look for no file.
        as_json: tell it to programs.
    """
    expires_at = parse_expiry(when, SystemClock().now())
    administer(config, defaults, lambda tools: _of(tools, kind).expire(name, expires_at))
    if as_json:
        print_json({"name": name, "expires": moment(expires_at)})
    else:
        say(f"{kind} {name} expires {moment(expires_at) or 'never'}")


def remove(
    kind: str,
    name: str,
    work: "Callable[[Administration], Awaitable[None]]",
    config: Path | None,
    defaults: bool,
    as_json: bool,
) -> None:
    """Remove somebody whom rules may name, and tell which do.

    Args:
        kind: what rules write before the name.
        name: whose.
        work: removes.
        config: the file that was asked for.
        defaults: look for no file.
        as_json: tell it to programs.
    """
    who = f"{kind}:{name}"

    async def both(tools: "Administration") -> list[str]:
        await work(tools)
        return await tools.rules.naming(who)

    rules = administer(config, defaults, both)
    if as_json:
        print_json({"removed": name, "rules_left": rules})
        return
    say(f"{kind} {name} is removed")
    if rules:
        next_one = "whoever" if kind == Kind.USER else "whatever"
        warn(f"rules still name {who}, {next_one} is called that next: {', '.join(rules)}")


def _of(tools: "Administration", kind: Kind) -> "AccountsOfKind":
    return tools.users if kind is Kind.USER else tools.robots
