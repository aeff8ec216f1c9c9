"""Pushing a blob in chunks: Content-Range and its order."""

from tests.wire.harness.contents import LAYER, LAYER_2, Content
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, Step, get, play, rule
from tests.wire.harness.steps import begin, chunk, finish, patch, push_blob

CHUNKS = "Pushing a blob in chunks (end-5)"
CLOSING = "Pushing a blob in chunks, closing the session (end-6)"
ORDER = "Pushing a blob in chunks, order (416)"

BLOB = f"/v2/<name>/blobs/{LAYER.digest}"
BYTES = LAYER.payload
LARGE = Content(bytes(range(247)) * 17_003)


def got(last: int) -> dict[str, str]:
    return {"Range": f"0-{last}"}


def out_of_order(content: bytes, start: int, last: int) -> Step:
    return chunk(content, start).answers(416, present=got(last))


RULES = [
    rule(
        CHUNKS,
        "chunks with Content-Range follow each other, each answering 202 with the Range so far",
        begin(),
        chunk(BYTES[:100], 0).answers(202, present=got(99)),
        chunk(BYTES[100:101], 100).answers(202, present=got(100)),
        chunk(BYTES[101:], 101).answers(202, present=got(LAYER.size - 1)),
        finish(LAYER.digest).answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        CHUNKS,
        "the form of RFC 9110 is understood as well",
        begin(),
        patch(BYTES[:100], content_range="bytes 0-99/*").answers(202, present=got(99)),
        patch(BYTES[100:], content_range=f"bytes 100-{LAYER.size - 1}/{LAYER.size}").answers(202),
        finish(LAYER.digest).answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        CHUNKS,
        "chunks of megabytes are put together as they came",
        begin(),
        *[
            chunk(LARGE.payload[at : at + 1_100_003], at).answers(202)
            for at in range(0, LARGE.size, 1_100_003)
        ],
        finish(LARGE.digest).answers(201),
        get(f"/v2/<name>/blobs/{LARGE.digest}").answers(200, body=LARGE.payload),
    ),
    rule(
        CLOSING,
        "the last chunk may come with PUT, with a Content-Range or without",
        begin(),
        chunk(BYTES[:100], 0).answers(202),
        finish(LAYER.digest, BYTES[100:], content_range=f"100-{LAYER.size - 1}").answers(201),
        get(BLOB).answers(200, body=BYTES),
        begin(),
        chunk(LAYER_2.payload[:3], 0).answers(202),
        finish(LAYER_2.digest, LAYER_2.payload[3:]).answers(201),
        get(f"/v2/<name>/blobs/{LAYER_2.digest}").answers(200, body=LAYER_2.payload),
    ),
    rule(
        CLOSING,
        "a last chunk out of order is 416 with the Range, and the session goes on",
        begin(),
        chunk(BYTES[:100], 0).answers(202),
        finish(LAYER.digest, BYTES[200:], content_range=f"200-{LAYER.size - 1}").answers(
            416, present=got(99)
        ),
        get("<location>").answers(204, present=got(99)),
        finish(LAYER.digest, BYTES[100:], content_range=f"100-{LAYER.size - 1}").answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        ORDER,
        "a first chunk that does not begin at 0 is 416, and the session goes on",
        begin(),
        out_of_order(BYTES[100:], 100, 0),
        get("<location>").answers(204, present=got(0)),
        chunk(BYTES, 0).answers(202),
        finish(LAYER.digest).answers(201),
    ),
    rule(
        ORDER,
        "a chunk behind a gap is 416 with the current Range, and the session goes on",
        begin(),
        chunk(BYTES[:100], 0).answers(202),
        out_of_order(BYTES[101:200], 101, 99),
        get("<location>").answers(204, present=got(99)),
        chunk(BYTES[100:], 100).answers(202),
        finish(LAYER.digest).answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        ORDER,
        "a chunk that overlaps, or comes twice, is 416, and the session goes on",
        begin(),
        chunk(BYTES[:100], 0).answers(202),
        out_of_order(BYTES[:100], 0, 99),
        out_of_order(BYTES[99:200], 99, 99),
        chunk(BYTES[100:], 100).answers(202),
        finish(LAYER.digest).answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        ORDER,
        "a Content-Range that cannot be read is refused, and the session goes on",
        begin(),
        chunk(BYTES[:100], 0).answers(202),
        *[
            patch(BYTES[100:], content_range=wrong).answers(416, present=got(99))
            for wrong in (
                "",
                "-",
                "100",
                "100-",
                "-100",
                "a-b",
                "199-100",
                "1_00-199",
                "+100-199",
                f"100-{10**40}",
                "lines 100-199/*",
            )
        ],
        get("<location>").answers(204, present=got(99)),
        patch(BYTES[100:]).answers(202),
        finish(LAYER.digest).answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        CHUNKS,
        "a chunk that is shorter or longer than its Content-Range says is refused, "
        "and the session can go on from its Range",
        begin(),
        chunk(BYTES[:100], 0).answers(202),
        patch(BYTES[100:150], content_range="100-199").answers(400, code="SIZE_INVALID"),
        patch(BYTES[100:250], content_range="100-199").answers(400, code="SIZE_INVALID"),
        get("<location>").answers(204, present=got(99)),
        chunk(BYTES[100:], 100).answers(202),
        finish(LAYER.digest).answers(201),
        get(BLOB).answers(200, body=BYTES),
    ),
    rule(
        "OCI-Chunk-Min-Length",
        "storage without a minimum names none",
        begin(),
        chunk(BYTES[:1], 0).answers(202, absent=("OCI-Chunk-Min-Length",)),
        chunk(BYTES[1:2], 1).answers(202),
        chunk(BYTES[2:], 2).answers(202),
        finish(LAYER.digest).answers(201),
    ),
    rule(
        CLOSING,
        "chunks in the wrong bytes are 400 DIGEST_INVALID at the end, and nothing is visible",
        begin(),
        chunk(BYTES[100:], 0).answers(202),
        chunk(BYTES[:100], LAYER.size - 100).answers(202),
        finish(LAYER.digest).answers(400, code="DIGEST_INVALID"),
        get(BLOB).answers(404),
        push_blob(LAYER),
        get(BLOB).answers(200, body=BYTES),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
