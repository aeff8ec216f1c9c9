"""Several ways to authenticate, asked in turn."""

from collections.abc import Sequence

from entrepot.errors import Outage, Unauthenticated
from entrepot.ports.access import Authenticator, BearerCredentials, Caller, Credentials

WRONG = "the name or the password is wrong"
WRONG_TOKEN = "the token is not good here, or no more"  # noqa: S105 (a message)


class Chain:
    """Lets in whom any of several knows.

    Whichever refused, and why, the answer is the same.

    Args:
        authenticators: in the order in which they are asked.
    """

    def __init__(self, authenticators: Sequence[Authenticator]) -> None:
        self._authenticators = tuple(authenticators)

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give the account that the credentials are of, from the first that knows it.

        Raises:
            Unauthenticated: none knows it.
            Outage: one that might have known it cannot tell now.
        """
        outage: Outage | None = None
        for authenticator in self._authenticators:
            try:
                return await authenticator.authenticate(credentials)
            except Unauthenticated:
                continue
            except Outage as error:
                outage = error
        if outage is not None:
            raise outage
        if isinstance(credentials, BearerCredentials):
            raise Unauthenticated(WRONG_TOKEN, "invalid_token")
        raise Unauthenticated(WRONG)
