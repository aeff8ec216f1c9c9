"""``entrepot access rekey``."""

import asyncio

from entrepot.cli.arguments import ConfigOption, Defaults, read_configuration
from entrepot.cli.output import say


def rekey(config: ConfigOption = None, defaults: Defaults = False) -> None:
    """Replace every key that signs tokens at once, as after a leak of the database.

    Access tokens that are out are refused within seconds; clients get new ones by themselves.
    Registries that trust the token server have to be given its new certificate.
    """
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.tokens import open_tokens

    settings = read_configuration(config, defaults).settings

    async def run() -> None:
        with open_tokens(settings) as store:
            await store.forget_all_keys()

    asyncio.run(run())
    say("the keys for tokens are removed; others are made when the next token is asked for")
