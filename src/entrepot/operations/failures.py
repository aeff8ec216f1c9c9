"""What is logged about a request that did not go well, and how loudly."""

import logging
from typing import Any

from entrepot.errors import ClientError, EntrepotError
from entrepot.operations.requests import RequestRecord

logger = logging.getLogger("entrepot.request")


def log_failure(record: RequestRecord, error: BaseException) -> None:
    """Log why a request failed, under its id, with the names that Docker Registry uses.

    What a client did wrong, going away included, is nobody's trouble: debug. An outage is an
    error, without a trace. Anything else is a bug: an error with its trace.

    Args:
        record: the request.
        error: what was raised.
    """
    if isinstance(error, ClientError):
        level, message = logging.DEBUG, error.message
    elif isinstance(error, EntrepotError):
        level, message = logging.ERROR, error.message
    else:
        level, message = logging.ERROR, "a request failed in a way that nobody foresaw"
    if not logger.isEnabledFor(level):
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
