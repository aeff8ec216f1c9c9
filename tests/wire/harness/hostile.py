"""Hypothesis strategies: requests that nobody's client sends, and some that are nearly right."""

import json
from dataclasses import dataclass
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from tests.wire.harness.contents import (
    ABSENT,
    CONFIG,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    IMAGE,
    INDEX,
    LAYER,
    OCI_INDEX,
    OCI_MANIFEST,
)
from tests.wire.harness.exchange import Request

BAD_WORDS = (
    "..",
    ".",
    "%2e%2e",
    "%2F",
    "%00",
    "%0d%0aX:y",
    "%ff",
    "%",
    "*",
    "sha256:",
    "sha256:../..",
    "'--",
    "\u00e9",
    "a" * 300,
    "_catalog",
    "-",
    "0",
    "",
)
REPOSITORIES = ("fuzz/a", "fuzz/b", "fuzz", "a/tags/list", "v2", "Fuzz", "fuzz//a", "fuzz/..")
DIGESTS = (
    CONFIG.digest,
    LAYER.digest,
    IMAGE.digest,
    ABSENT.digest,
    LAYER.sha512,
    LAYER.digest.upper(),
    f"sha512:{'0' * 64}",
    f"sha384:{'0' * 96}",
    "sha256:12",
)
TAGS = ("v1", "latest", "-v", "a" * 128, "a" * 129, "_", "..", "v%201", "sha256-" + "0" * 64)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
NUMBERS = ("0", "1", "-1", "", "x", "1e9", "9" * 40, "%D9%A1", " 1", "1,2", "0x1")
RANGES = (
    "bytes=0-",
    "bytes=-1",
    "bytes=0-0,2-3",
    "bytes=9-1",
    f"bytes={'9' * 60}-",
    "0-9",
    "0-0",
    "10-19",
    "bytes 0-9/*",
    "9-0",
    f"0-{'9' * 30}",
    "-",
)
TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, "application/json", "", ";", "x/y")

noise = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
)
encoded_noise = st.one_of(
    st.binary(max_size=30).map(lambda raw: quote_from_bytes(raw, safe="")),
    st.text(max_size=20).map(lambda text: quote(text.encode("utf-8", "replace"))),
    st.sampled_from(BAD_WORDS).map(lambda word: quote(word, safe="%:*./")),
)


def pick(*groups: tuple[str, ...]) -> st.SearchStrategy[str]:
    """One of the known words, mostly; noise now and then."""
    return st.one_of(*[st.sampled_from(group) for group in groups], encoded_noise)


def paths(session: str) -> st.SearchStrategy[str]:
    """Paths that are right, nearly right, and wrong."""
    name, reference, digest = pick(REPOSITORIES), pick(TAGS, DIGESTS), pick(DIGESTS)
    sessions = st.one_of(st.just(session), encoded_noise)
    return st.one_of(
        st.sampled_from(("/", "/v2", "/v2/", "/v2/_catalog", "//v2/", "/v3/", "/metrics")),
        st.builds("/v2/{}/manifests/{}".format, name, reference),
        st.builds("/v2/{}/blobs/{}".format, name, digest),
        st.builds("/v2/{}/blobs/uploads/".format, name),
        st.builds("/v2/{}/blobs/uploads/{}".format, name, sessions),
        st.builds("/v2/fuzz/a/blobs/uploads/{}".format, sessions),
        st.builds("/v2/{}/tags/list".format, name),
        st.builds("/v2/{}/referrers/{}".format, name, digest),
        st.lists(encoded_noise, max_size=6).map(lambda parts: "/v2/" + "/".join(parts)),
        encoded_noise.map(lambda text: "/" + text),
    )


queries = st.lists(
    st.one_of(
        st.builds("n={}".format, pick(NUMBERS)),
        st.builds("last={}".format, pick(REPOSITORIES, TAGS)),
        st.builds("digest={}".format, pick(DIGESTS)),
        st.builds("mount={}".format, pick(DIGESTS)),
        st.builds("from={}".format, pick(REPOSITORIES)),
        st.builds("tag={}".format, pick(TAGS)),
        st.builds("artifactType={}".format, pick(TYPES).map(lambda text: quote(text, safe="%"))),
        st.sampled_from(("digest-algorithm=sha512", "digest-algorithm=md5", "ns=docker.io", "&&")),
        st.builds("{}={}".format, encoded_noise, encoded_noise),
    ),
    max_size=4,
).map("&".join)

headers = st.lists(
    st.one_of(
        st.tuples(st.just("Content-Type"), st.sampled_from(TYPES)),
        st.tuples(st.sampled_from(("Range", "Content-Range", "If-Range")), st.sampled_from(RANGES)),
        st.tuples(
            st.sampled_from(
                (
                    "Accept",
                    "Authorization",
                    "Content-Length",
                    "Content-Range",
                    "Content-Type",
                    "Expect",
                    "Forwarded",
                    "Host",
                    "If-None-Match",
                    "If-Range",
                    "Range",
                    "Transfer-Encoding",
                    "User-Agent",
                    "X-Forwarded-For",
                    "X-Forwarded-Host",
                    "X-Forwarded-Proto",
                )
            ),
            noise,
        ),
    ),
    max_size=4,
).map(tuple)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = (
    "schemaVersion",
    "mediaType",
    "config",
    "layers",
    "manifests",
    "subject",
    "artifactType",
    "annotations",
    "blobs",
    "size",
    "digest",
    "urls",
    "data",
    "platform",
)


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """A manifest with some fields replaced by nonsense."""
    document = json.loads(draw(st.sampled_from((IMAGE.payload, INDEX.payload))))
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        holder = document
        if draw(st.booleans()) and isinstance(document.get("config"), dict):
            holder = document["config"]
        holder[field] = draw(json_values)
    return json.dumps(document).encode("utf-8", "surrogatepass")


bodies = st.one_of(
    st.none(),
    st.binary(max_size=200),
    st.sampled_from((CONFIG.payload, LAYER.payload, IMAGE.payload, b"", b"{}", b"[" * 5_000)),
    manifests(),
)


@dataclass(frozen=True)
class Attack:
    """A request, and where its client vanishes: behind that many pieces of the body, or never."""

    request: Request
    gone_after: int | None


@st.composite
def attacks(draw: st.DrawFn, session: str) -> Attack:
    """One request."""
    path, query = draw(paths(session)), draw(queries)
    request = Request(
        draw(st.sampled_from(METHODS)),
        f"{path}?{query}" if query else path,
        draw(headers),
        draw(bodies),
        draw(st.booleans()),
    )
    return Attack(request, draw(st.one_of(st.none(), st.none(), st.integers(0, 2))))
