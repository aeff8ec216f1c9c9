"""Several ways to authenticate, asked in turn."""

from collections.abc import Sequence

from entrepot.errors import Outage, Unauthenticated
from entrepot.ports.access import Authenticator, BearerCredentials, Caller, Credentials

WRONG = "the name or the password is wrong"
WRONG_TOKEN = "the token is not valid here, or no longer"  # noqa: S105 (a message)


class Chain:
    """Lets in whom any of several knows.

    Whichever refused, and why, the answer is the same.

    Args:
        passwords: who is asked about a name and a secret, in this order.
        tokens: who is asked about a token, in this order.
    """

    def __init__(self, passwords: Sequence[Authenticator], tokens: Sequence[Authenticator]) -> None:
        self._passwords = tuple(passwords)
        self._tokens = tuple(tokens)

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give the account that the credentials are of, from the first that knows it.

        Raises:
            Unauthenticated: none knows it.
            Outage: one that might have known it cannot tell now.
        """
        is_token = isinstance(credentials, BearerCredentials)
        outage: Outage | None = None
        for authenticator in self._tokens if is_token else self._passwords:
            try:
                return await authenticator.authenticate(credentials)
            except Unauthenticated:
                continue
            except Outage as error:
                outage = error
        if outage is not None:
            raise outage
        if is_token:
            raise Unauthenticated(WRONG_TOKEN, "invalid_token")
        raise Unauthenticated(WRONG)
