"""What a pushed manifest may refer to, under each policy."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import InvalidManifest, UnknownReferences
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.manifest import Manifest
from entrepot.ports.metadata import Metadata, Transaction
from entrepot.services.references import ManifestPolicy, check_references, check_urls
from tests.contract.pushing import APP, descriptor, give_blobs, push, some_blob, some_image
from tests.unit.oci.documents import OWN_TYPE, read
from tests.unit.oci.strategies import anything
from tests.unit.services.registry import Registry, with_registry

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN = [
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
]
CONFIG = "application/vnd.oci.image.config.v1+json"
URL = "https://layers.example.com/one"
EVERY_URL = ManifestPolicy(urls_decide=True)
NO_URL = ManifestPolicy(urls_decide=True, urls_allowed=())


def image(*layers: dict[str, Any], config: dict[str, Any] | None = None) -> Manifest:
    config = descriptor("{}", CONFIG) if config is None else config
    document = {"schemaVersion": 2, "config": config, "layers": list(layers)}
    return read(document, types.OCI_MANIFEST)


def index(*children: dict[str, Any]) -> Manifest:
    return read({"schemaVersion": 2, "manifests": list(children)}, types.OCI_INDEX)


def child(content: str, *platform: str) -> dict[str, Any]:
    described = descriptor(content, types.OCI_MANIFEST)
    if platform:
        described["platform"] = {"os": platform[0], "architecture": platform[1]}
    return described


def naming(*urls: str) -> Manifest:
    return image({**descriptor("layer", LAYER), "urls": list(urls)})


def allowing(*patterns: str, denied: tuple[str, ...] = ()) -> ManifestPolicy:
    return ManifestPolicy(
        True,
        tuple(LinearRegex(pattern) for pattern in patterns),
        tuple(LinearRegex(pattern) for pattern in denied),
    )


def denying(pattern: str) -> ManifestPolicy:
    return ManifestPolicy(True, None, (LinearRegex(pattern),))


async def check(metadata: Metadata, manifest: Manifest, policy: ManifestPolicy) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        for wrong in await check_references(transaction, repository, manifest, policy):
            raise wrong

    await metadata.change(change)


async def missing(
    metadata: Metadata, manifest: Manifest, policy: ManifestPolicy = EVERY_URL
) -> list[str]:
    try:
        await check(metadata, manifest, policy)
    except UnknownReferences as error:
        return error.digests
    return []


@pytest.mark.parametrize(
    ("url", "policy", "allowed"),
    [
        (URL, NO_URL, False),
        (URL, EVERY_URL, True),
        (URL, allowing(r"^https://layers\.example\.com/"), True),
        (URL, allowing(r"^https://other\.example\.com/", r"layers"), True),
        (URL, allowing(r"^https://other\.example\.com/"), False),
        (URL, allowing(r".", denied=(r"layers",)), False),
        (URL, denying("layers"), False),
        (URL, denying("others"), True),
        ("ftp://layers.example.com/one", ManifestPolicy(), True),
        ("", ManifestPolicy(), True),
        ("HTTPS://layers.example.com/one", EVERY_URL, True),
        ("ftp://layers.example.com/one", EVERY_URL, False),
        ("file:///etc/passwd", EVERY_URL, False),
        ("layers.example.com/one", EVERY_URL, False),
        ("", EVERY_URL, False),
        (URL + "#part", EVERY_URL, False),
        ("http://[::1", EVERY_URL, False),
        # What some readers drop would hide a denied URL from its pattern.
        (
            "https://lay\ters.example.com/",
            denying("layers"),
            False,
        ),
        ("\x01https://example.com/", EVERY_URL, False),
        ("https://example.com/a b", EVERY_URL, False),
        ("https://example.com/\n", EVERY_URL, False),
        # Python's own expressions would look at this one for ever.
        (f"https://{'a.' * 1000}!", allowing(r"^https://([^/]+\.)*example\.com/"), False),
        (f"https://layers.example.com/{'a' * 8192}", allowing(r"layers"), False),
    ],
)
def test_which_urls_a_policy_allows(url: str, policy: ManifestPolicy, allowed: bool) -> None:
    if allowed:
        check_urls(naming(url), policy)
    else:
        with pytest.raises(InvalidManifest) as refused:
            check_urls(naming(url), policy)
        assert isinstance(refused.value.detail, dict)
        assert refused.value.detail["url"] == url[:200]


def test_one_url_that_is_not_allowed_refuses_the_manifest() -> None:
    with pytest.raises(InvalidManifest):
        check_urls(naming(URL, "https://other.example.com/"), allowing("layers"))
    config = {**descriptor("{}", CONFIG), "urls": [URL]}
    with pytest.raises(InvalidManifest):
        check_urls(image(config=config), NO_URL)


def test_a_manifest_without_urls_is_allowed_by_every_policy() -> None:
    for policy in (ManifestPolicy(), NO_URL, EVERY_URL, allowing("x", denied=("",))):
        check_urls(naming(), policy)


@given(anything.filter(lambda text: text.isprintable()))
def test_any_text_is_an_allowed_url_or_refused(url: str) -> None:
    try:
        check_urls(naming(url), EVERY_URL)
    except InvalidManifest:
        return
    assert url.lower().startswith(("http:", "https:"))


def test_what_is_missing_is_named_once_and_in_order() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, some_blob("two"))
        names = ["three", "two", "one", "three"]
        manifest = image(*(descriptor(name, LAYER) for name in names))
        assert await missing(registry.metadata, manifest) == [
            some_blob(name).digest for name in ("{}", "three", "one")
        ]

    with_registry(work)


@pytest.mark.parametrize("media_type", FOREIGN)
def test_a_layer_that_is_not_to_be_distributed_may_be_absent(media_type: str) -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, some_blob("{}"))
        assert await missing(registry.metadata, image(descriptor("far", media_type))) == []
        # Of a config, the media type says nothing of the kind.
        manifest = image(config=descriptor("far", media_type))
        assert await missing(registry.metadata, manifest) == [some_blob("far").digest]

    with_registry(work)


def test_a_layer_with_urls_may_be_absent_but_not_where_it_stands_without() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, some_blob("{}"))
        plain = descriptor("far", LAYER)
        with_urls = {**plain, "urls": [URL]}
        assert await missing(registry.metadata, image(with_urls)) == []
        assert await missing(registry.metadata, image(with_urls, plain)) == [plain["digest"]]
        assert await missing(registry.metadata, image({**plain, "urls": []})) == [plain["digest"]]
        config = {**plain, "urls": [URL]}
        assert await missing(registry.metadata, image(config=config)) == [plain["digest"]]
        # Nor where the policy says nothing of URLs.
        unset = ManifestPolicy()
        assert await missing(registry.metadata, image(with_urls), unset) == [plain["digest"]]

    with_registry(work)


def test_a_size_that_contradicts_what_is_stored_is_refused() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, some_blob("{}"), some_blob("layer"))
        wrong = {**descriptor("layer", LAYER), "size": 6}
        with pytest.raises(InvalidManifest, match="has 5 bytes, the manifest says 6"):
            await check(registry.metadata, image(wrong), EVERY_URL)
        # Also where it might have been absent.
        with pytest.raises(InvalidManifest):
            await check(registry.metadata, image({**wrong, "urls": [URL]}), EVERY_URL)

    with_registry(work)


def test_another_repositorys_blob_is_missing() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, type(APP)("team/other"), some_blob("{}"))
        assert await missing(registry.metadata, image()) == [some_blob("{}").digest]

    with_registry(work)


def test_a_subject_may_be_absent() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, some_blob("{}"))
        document = {
            "schemaVersion": 2,
            "config": descriptor("{}", CONFIG),
            "layers": [],
            "subject": descriptor("never pushed", types.OCI_MANIFEST),
        }
        manifest = read(document, types.OCI_MANIFEST)
        assert await missing(registry.metadata, manifest) == []

    with_registry(work)


LINUX, WINDOWS = ("linux", "amd64"), ("windows", "amd64")


@pytest.mark.parametrize(
    ("required", "missed"),
    [
        (None, ["linux", "windows", "unnamed"]),
        (frozenset(), []),
        (frozenset({LINUX}), ["linux"]),
        (frozenset({WINDOWS, ("linux", "arm64")}), ["windows"]),
        (frozenset({("linux", "")}), []),
    ],
    ids=["all", "none", "a list", "another list", "a list without architecture"],
)
def test_which_images_an_index_must_find(
    required: frozenset[tuple[str, str]] | None, missed: list[str]
) -> None:
    async def work(registry: Registry) -> None:
        policy = ManifestPolicy(required_platforms=required)
        manifest = index(child("linux", *LINUX), child("windows", *WINDOWS), child("unnamed"))
        digests = [some_blob(name).digest for name in missed]
        assert await missing(registry.metadata, manifest, policy) == digests

    with_registry(work)


def test_a_child_may_be_a_manifest_or_a_blob_and_its_size_counts_either_way() -> None:
    async def work(registry: Registry) -> None:
        pushed = some_image()
        await give_blobs(registry.metadata, APP, some_blob("cache"), some_blob("{}"))
        await push(registry.metadata, APP, pushed)
        size = len(pushed.payload)
        found = {"mediaType": types.OCI_MANIFEST, "digest": pushed.digest, "size": size}
        assert await missing(registry.metadata, index(found, child("cache"))) == []
        for wrong in ({**found, "size": size + 1}, {**child("cache"), "size": 1}):
            with pytest.raises(InvalidManifest):
                await check(registry.metadata, index(wrong), EVERY_URL)

    with_registry(work)


def test_a_layer_is_a_blob_even_where_a_manifest_has_its_digest() -> None:
    async def work(registry: Registry) -> None:
        pushed = some_image()
        await give_blobs(registry.metadata, APP, some_blob("{}"))
        await push(registry.metadata, APP, pushed)
        found = {"digest": pushed.digest, "size": len(pushed.payload)}
        document = {
            "manifests": [{**found, "mediaType": types.OCI_MANIFEST}],
            "layers": [{**found, "mediaType": LAYER}],
        }
        manifest = read(document, OWN_TYPE)
        assert await missing(registry.metadata, manifest) == [pushed.digest]

    with_registry(work)


layers = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from([LAYER, *FOREIGN]), st.booleans()),
    max_size=6,
)


@settings(max_examples=25)  # each is a registry of its own
@given(layers, st.sets(st.sampled_from("abcdef")))
def test_exactly_what_is_absent_and_must_not_be_is_named(
    listed: list[tuple[str, str, bool]], present: set[str]
) -> None:
    async def work(registry: Registry) -> None:
        blobs = [some_blob(content) for content in sorted(present)]
        await give_blobs(registry.metadata, APP, some_blob("{}"), *blobs)
        manifest = image(
            *(
                {**descriptor(content, media_type), "urls": [URL] if has_url else []}
                for content, media_type, has_url in listed
            )
        )
        expected: dict[Digest, None] = {
            some_blob(content).digest: None
            for content, media_type, has_url in listed
            if content not in present and media_type == LAYER and not has_url
        }
        assert await missing(registry.metadata, manifest) == list(expected)

    with_registry(work)
