"""Who we are for another registry, from whichever place the settings name."""

import asyncio
import time

from entrepot.drivers.remote.commands import Credentials, ask_helper
from entrepot.drivers.remote.docker_config import DockerConfig
from entrepot.ports.upstream import UpstreamAddress

# For how long the answer of a docker credential helper is used; they keep answers themselves.
_HELPER_SECONDS = 300.0


class CredentialSource:
    """Gives credentials for the hosts of one registry.

    A user of the settings, and a command's, are for the registry itself, which is the first of
    its addresses. For any other address only docker's config.json has credentials: under its name.

    Args:
        address: of the registry.
        own: host and port of the first address.
    """

    def __init__(self, address: UpstreamAddress, own: str) -> None:
        self._address = address
        self._own = own
        self._docker = DockerConfig(address.docker_config) if address.docker_config else None
        self._kept: dict[tuple[str, ...], tuple[float, Credentials | None]] = {}
        self._asking: dict[tuple[str, ...], asyncio.Task[Credentials | None]] = {}

    async def get(self, authority: str) -> Credentials | None:
        """Give the credentials for a host.

        Args:
            authority: the host, and the port where it is not that of the scheme.

        Returns:
            None for nobody.

        Raises:
            UpstreamDenied: a file or a command cannot be used.
        """
        address = self._address
        if authority == self._own:
            if address.username:
                return Credentials(address.username, address.password)
            if address.credentials_command:
                command = tuple(address.credentials_command)
                return await self._ask(command, address.host, address.credentials_lifetime)
        if self._docker is None:
            return None
        hosts = {authority, address.host} if authority == self._own else {authority}
        for host in sorted(hosts, key=lambda name: name != authority):
            found = await self._look(self._docker, host)
            if found is not None:
                return found
        return None

    def forget(self) -> None:
        """Ask commands again the next time: what they said was refused."""
        self._kept.clear()

    async def _look(self, docker: DockerConfig, host: str) -> Credentials | None:
        program, server = await docker.helper(host)
        found = await self._ask((program,), server, _HELPER_SECONDS) if program else None
        return found or await docker.entry(host)

    async def _ask(
        self, command: tuple[str, ...], server: str, lifetime: float
    ) -> Credentials | None:
        """Run a command, once for all who ask meanwhile, and keep its answer for its lifetime."""
        key = (*command, server)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(ask_helper(command, server))
            asking.add_done_callback(lambda task: self._answered(key, lifetime, task))
            self._asking[key] = asking
        return await asyncio.shield(asking)

    def _answered(
        self, key: tuple[str, ...], lifetime: float, task: "asyncio.Task[Credentials | None]"
    ) -> None:
        self._asking.pop(key, None)
        if not task.cancelled() and task.exception() is None:
            self._kept[key] = (time.monotonic() + lifetime, task.result())
