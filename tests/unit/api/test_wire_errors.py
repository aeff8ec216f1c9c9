"""Every error of the tree on the wire (spec.md, "Error Codes")."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot import errors
from entrepot.api.wire_errors import encode_errors, render_error, render_simple
from entrepot.errors import EntrepotError
from tests.unit.oci.strategies import anything, json_values

SPECIFICATION = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DENIED",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "UNSUPPORTED",
}
DOCKER = {"PAGINATION_NUMBER_INVALID", "RANGE_INVALID", "TAG_INVALID", "UNAVAILABLE", "UNKNOWN"}
"""What Docker's clients know beyond the specification."""

ROWS: dict[type[EntrepotError], tuple[int, str]] = {
    errors.InvalidName: (400, "NAME_INVALID"),
    errors.InvalidTag: (400, "TAG_INVALID"),
    errors.InvalidDigest: (400, "DIGEST_INVALID"),
    errors.InvalidManifest: (400, "MANIFEST_INVALID"),
    errors.ManifestTooLarge: (413, "MANIFEST_INVALID"),
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
    errors.ImmutableTag: (409, "DENIED"),
    errors.NeededByIndex: (409, "DENIED"),
    errors.QuotaExceeded: (403, "DENIED"),
    errors.Unsupported: (405, "UNSUPPORTED"),
    errors.StorageOutage: (503, "UNAVAILABLE"),
    errors.StorageFull: (507, "UNAVAILABLE"),
    errors.QuarantinedBlob: (503, "UNAVAILABLE"),
    errors.DamagedBlob: (500, "UNKNOWN"),
    errors.MetadataOutage: (503, "UNAVAILABLE"),
    errors.DamagedDatabase: (503, "UNAVAILABLE"),
    errors.NewerDatabase: (503, "UNAVAILABLE"),
    errors.UpstreamOutage: (503, "UNAVAILABLE"),
    errors.UpstreamBusy: (429, "TOOMANYREQUESTS"),
    errors.UpstreamDenied: (502, "UNAVAILABLE"),
    errors.UpstreamFault: (502, "UNAVAILABLE"),
    errors.Overloaded: (429, "TOOMANYREQUESTS"),
}
NEVER_ON_THE_WIRE: set[type[EntrepotError]] = {
    errors.EntrepotError,  # these three only group others
    errors.ClientError,
    errors.Outage,
    errors.ConfigurationError,  # this and the next end the program before it listens
    errors.AddressInUse,
}


def family(kind: type[EntrepotError]) -> set[type[EntrepotError]]:
    return {kind}.union(*(family(child) for child in kind.__subclasses__()))


def make(kind: type[EntrepotError]) -> EntrepotError:
    if kind is errors.UnknownReferences:
        return errors.UnknownReferences(["sha256:one", "sha256:two"])
    if kind is errors.TooManyGuesses:
        return errors.TooManyGuesses(7)
    return kind("what was wrong")


def test_every_error_that_can_be_raised_has_a_row() -> None:
    ours = {kind for kind in family(EntrepotError) if kind.__module__.startswith("entrepot.")}
    assert ours - NEVER_ON_THE_WIRE - family(errors.ConfigurationError) == set(ROWS)


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_an_error_has_its_status_and_code(kind: type[EntrepotError]) -> None:
    status, code = ROWS[kind]
    response = render_error(make(kind))
    assert response.status == status
    assert isinstance(response.body, bytes)
    entries = json.loads(response.body)["errors"]
    assert {entry["code"] for entry in entries} == {code}
    assert code in SPECIFICATION | DOCKER
    assert all(entry["message"] for entry in entries)
    assert (b"content-type", b"application/json") in response.headers


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_what_may_be_tried_again_says_when(kind: type[EntrepotError]) -> None:
    response = render_error(make(kind))
    is_told = any(name == b"retry-after" for name, _ in response.headers)
    assert is_told is (ROWS[kind][0] in (429, 503))


def test_who_guessed_too_often_is_told_how_long_to_wait() -> None:
    assert (b"retry-after", b"7") in render_error(errors.TooManyGuesses(7)).headers


@pytest.mark.parametrize("kind", NEVER_ON_THE_WIRE, ids=lambda kind: kind.__name__)
def test_an_error_without_a_row_is_a_failure_of_the_registry(kind: type[EntrepotError]) -> None:
    assert render_error(make(kind)).status == 500


def test_each_missing_reference_is_an_error_of_its_own() -> None:
    response = render_error(errors.UnknownReferences(["sha256:one", "sha256:two"]))
    assert isinstance(response.body, bytes)
    assert [entry["detail"] for entry in json.loads(response.body)["errors"]] == [
        {"digest": "sha256:one"},
        {"digest": "sha256:two"},
    ]


def test_many_missing_references_are_not_all_named() -> None:
    error = errors.UnknownReferences([f"sha256:{number}" for number in range(40_000)])
    response = render_error(error)
    assert isinstance(response.body, bytes)
    entries = json.loads(response.body)["errors"]
    assert len(entries) == 101
    assert entries[-1]["message"] == "the repository lacks 39,900 more"
    assert {entry["code"] for entry in entries} == {"MANIFEST_BLOB_UNKNOWN"}
    assert len(error.message) < 10_000


def test_the_detail_of_an_outage_is_not_told() -> None:
    for kind in (errors.StorageOutage, errors.DamagedBlob, errors.MetadataOutage):
        response = render_error(kind("failed", {"path": "/var/lib/registry"}))
        assert isinstance(response.body, bytes)
        assert b"/var/lib" not in response.body


@given(anything, st.none() | st.dictionaries(anything, json_values, max_size=4))
def test_any_message_and_detail_is_json_of_the_form_of_the_specification(
    message: str, detail: dict[str, object] | None
) -> None:
    response = render_error(errors.InvalidRequest(message, detail))
    assert isinstance(response.body, bytes)
    assert response.length == len(response.body)
    [entry] = json.loads(response.body)["errors"]
    assert entry["message"] == message
    assert ("detail" in entry) is (detail is not None)


def test_a_simple_error_has_no_detail() -> None:
    response = render_simple(404, "UNSUPPORTED", "there is nothing")
    assert response.body == encode_errors([("UNSUPPORTED", "there is nothing", None)])
    assert response.status == 404
