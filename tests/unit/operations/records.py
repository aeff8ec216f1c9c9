"""Requests that are over, for tests."""

from typing import Any

from entrepot.operations.requests import RequestRecord

DIGEST = "sha256:" + "ab" * 32


def finished_record(**facts: Any) -> RequestRecord:
    """Make the record of a manifest pull, with other facts where some are given."""
    record = RequestRecord(
        "0f8fad5bd9cb469fa165",
        "GET",
        "/v2/library/app/manifests/latest",
        "HTTP/1.1",
        "192.0.2.7",
        "registry.example.com",
        "docker/27.1",
    )
    record.route = "manifest"
    record.repository = "library/app"
    record.reference = "latest"
    record.digest = DIGEST
    record.status = 200
    record.bytes_out = 1234
    record.seconds = 0.0025
    for name, value in facts.items():
        setattr(record, name, value)
    return record
