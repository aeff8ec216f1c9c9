"""`/v2/`: tells that the registry speaks the protocol (spec.md, "Determining Support")."""

from entrepot.api.request import Request
from entrepot.api.response import Response
from entrepot.api.wire_errors import JSON


class BaseEndpoint:
    """Answers `/v2/`."""

    async def get(self, request: Request) -> Response:
        """Say yes."""
        return Response(200, [JSON], b"{}")
