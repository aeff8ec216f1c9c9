"""Errors on the wire: one table of status, code and message (spec.md, "Error Codes")."""

import json
from collections.abc import Mapping
from typing import Any

from entrepot import errors
from entrepot.api.response import Header, Response

JSON: Header = (b"content-type", b"application/json")
RETRY_SOON: Header = (b"retry-after", b"1")

# Most specific first; the first class that matches counts.
_TABLE: dict[type[errors.EntrepotError], tuple[int, str]] = {
    errors.InvalidName: (400, "NAME_INVALID"),
    errors.InvalidTag: (400, "TAG_INVALID"),
    errors.InvalidDigest: (400, "DIGEST_INVALID"),
    errors.ManifestTooLarge: (413, "MANIFEST_INVALID"),
    errors.InvalidManifest: (400, "MANIFEST_INVALID"),
    errors.InvalidPagination: (400, "PAGINATION_NUMBER_INVALID"),
    errors.InvalidRange: (416, "RANGE_INVALID"),
    errors.InvalidRequest: (400, "BLOB_UPLOAD_INVALID"),
    errors.SizeMismatch: (400, "SIZE_INVALID"),
    errors.UnknownName: (404, "NAME_UNKNOWN"),
    errors.UnknownManifest: (404, "MANIFEST_UNKNOWN"),
    errors.UnknownReferences: (400, "MANIFEST_BLOB_UNKNOWN"),
    errors.UnknownBlob: (404, "BLOB_UNKNOWN"),
    errors.UnknownUpload: (404, "BLOB_UPLOAD_UNKNOWN"),
    errors.UploadBusy: (409, "BLOB_UPLOAD_INVALID"),
    errors.ClientGone: (408, "BLOB_UPLOAD_INVALID"),
    errors.Unauthenticated: (401, "UNAUTHORIZED"),
    errors.TooManyGuesses: (429, "TOOMANYREQUESTS"),
    errors.UnknownUpstreamContent: (404, "NAME_UNKNOWN"),
    errors.UnknownAccount: (404, "NAME_UNKNOWN"),
    errors.NameTaken: (409, "NAME_INVALID"),
    errors.Denied: (403, "DENIED"),
    errors.QuotaExceeded: (403, "DENIED"),
    errors.ImmutableTag: (409, "DENIED"),
    errors.NeededByIndex: (409, "DENIED"),
    errors.Unsupported: (405, "UNSUPPORTED"),
    errors.StorageFull: (507, "UNAVAILABLE"),
    errors.DamagedBlob: (500, "UNKNOWN"),
    errors.QuarantinedBlob: (503, "UNAVAILABLE"),
    errors.StorageOutage: (503, "UNAVAILABLE"),
    errors.Overloaded: (429, "TOOMANYREQUESTS"),
    errors.UpstreamBusy: (429, "TOOMANYREQUESTS"),
    errors.UpstreamFault: (502, "UNAVAILABLE"),
    errors.UpstreamDenied: (502, "UNAVAILABLE"),
    errors.UpstreamOutage: (503, "UNAVAILABLE"),
    errors.MetadataOutage: (503, "UNAVAILABLE"),
}


def render_error(error: errors.EntrepotError) -> Response:
    """Give the response for an error."""
    for kind, (status, code) in _TABLE.items():
        if isinstance(error, kind):
            return _render(status, code, error)
    return _render(500, "UNKNOWN", error)


def render_simple(status: int, code: str, message: str) -> Response:
    """Give a response with one error without details."""
    return Response(status, [JSON], encode_errors([(code, message, None)]))


def encode_errors(entries: list[tuple[str, str, Any]]) -> bytes:
    """Write errors (code, message and perhaps detail) in the specification's form."""
    listed = []
    for code, message, detail in entries:
        entry = {"code": code, "message": message}
        if detail is not None:
            entry["detail"] = detail
        listed.append(entry)
    return json.dumps({"errors": listed}).encode()


def _render(status: int, code: str, error: errors.EntrepotError) -> Response:
    headers = [JSON]
    seconds = None
    if isinstance(error, errors.TooManyGuesses | errors.UpstreamBusy):
        seconds = error.retry_after
    if seconds:
        headers.append((b"retry-after", b"%d" % seconds))
    elif status in (429, 503):
        headers.append(RETRY_SOON)
    detail = error.detail
    if isinstance(error, errors.UnknownReferences):
        # One error for each missing digest, as the specification's example has it.
        entries: list[tuple[str, str, Any]] = [
            (code, f"the repository lacks {digest}", {"digest": digest}) for digest in error.digests
        ]
        if error.more:
            entries.append((code, f"the repository lacks {error.more:,} more", None))
    else:
        shown = dict(detail) if isinstance(detail, Mapping) else detail
        if status >= 500:
            shown = None  # internal details belong in the log
        entries = [(code, error.message, shown)]
    return Response(status, headers, encode_errors(entries))
