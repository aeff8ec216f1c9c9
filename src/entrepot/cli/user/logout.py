"""``entrepot user logout``."""

import asyncio

from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults, read_configuration
from entrepot.cli.output import say
from entrepot.cli.tables import print_json
from entrepot.cli.user.name import UserName


def logout(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Take back the refresh tokens of a user, which docker login keeps; the password stays."""
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.tokens import open_tokens

    settings = read_configuration(config, defaults).settings

    async def run() -> int:
        with open_tokens(settings) as store:
            return await store.revoke_refresh_tokens(name)

    count = asyncio.run(run())
    if as_json:
        print_json({"name": name, "revoked": count})
        return
    noun = "refresh token is" if count == 1 else "refresh tokens are"
    say(f"{count} {noun} taken back; access tokens that are out end by themselves")
