"""`/api/v1/repositories/NAME`."""

from entrepot.api.request import Request
from entrepot.api.response import Response
from entrepot.oci.name import RepositoryName
from entrepot.services.delete import Delete


class RepositoriesManagement:
    """Deletes repositories.

    Args:
        delete: the rules.
    """

    def __init__(self, delete: Delete) -> None:
        self._delete = delete

    async def delete(self, request: Request) -> Response:
        """Delete a repository with everything in it."""
        name = RepositoryName.parse(request.name)
        await self._delete.repository(request.caller, name)
        return Response(202, [])
