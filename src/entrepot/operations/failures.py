"""What is logged about a request that did not go well, and how loudly."""

import logging
import time
from collections.abc import Callable
from typing import Any

from entrepot.errors import ClientError, EntrepotError, Overloaded
from entrepot.operations.requests import RequestRecord

logger = logging.getLogger("entrepot.request")

_AGAIN_SECONDS = 10.0


class _Overloads:
    """What was refused for a limit, told at most once in ten seconds for each limit.

    Args:
        seconds: tells seconds that run evenly.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        # By message; there are as many as places that refuse.
        self._told: dict[str, tuple[float, int]] = {}

    def tell(self, message: str) -> str:
        """Give what is logged of a refusal; empty when it was told a moment ago."""
        now = self._seconds()
        told_at, others = self._told.get(message, (now - _AGAIN_SECONDS, 0))
        if now - told_at < _AGAIN_SECONDS:
            self._told[message] = told_at, others + 1
            return ""
        self._told[message] = now, 0
        return f"{message} ({others} more were refused before)" if others else message


_overloads = _Overloads()


def log_failure(record: RequestRecord, error: BaseException) -> None:
    """Log why a request failed, under its id, with the names that Docker Registry uses.

    What a client did wrong, going away included, is nobody's trouble: debug. An outage is an
    error, without a trace. A limit that was reached is a warning, and seldom said again, for
    whoever reaches it may go on. Anything else is a bug: an error with its trace.

    Args:
        record: the request.
        error: what was raised.
    """
    if isinstance(error, ClientError):
        level, message = logging.DEBUG, error.message
    elif isinstance(error, Overloaded):
        level, message = logging.WARNING, _overloads.tell(error.message)
    elif isinstance(error, EntrepotError):
        level, message = logging.ERROR, error.message
    else:
        level, message = logging.ERROR, "a request failed unexpectedly"
    if not message or not logger.isEnabledFor(level):
        return
    foreseen = isinstance(error, EntrepotError)
    fields = request_fields(record) | {"err.code": type(error).__name__}
    if foreseen and error.__cause__ is not None:
        fields["err.cause"] = repr(error.__cause__)
    logger.log(level, message, exc_info=None if foreseen else error, extra={"fields": fields})


def request_fields(record: RequestRecord) -> dict[str, Any]:
    """Name what is known of a request as Docker Registry does, without what is empty."""
    fields = {
        "http.request.id": record.request_id,
        "http.request.method": record.method,
        "http.request.uri": record.target,
        "http.request.remoteaddr": record.client,
        "http.request.host": record.host,
        "http.request.useragent": record.user_agent,
        "http.response.status": record.status,
        "vars.name": record.repository,
        "vars.reference": record.reference,
        "vars.digest": record.digest,
        "auth.user.name": record.user,
    }
    return {name: value for name, value in fields.items() if value}
