"""What the clients of the model push: few blobs and images, so that they meet each other."""

from tests.wire.harness.contents import Content, image, index

NAMES = ("a", "a/b", "c")
TAGS = ("1", "latest", "v2")
BLOBS = [Content(content) for content in (b"", b"x", b"yy" * 40, b"z" * 3000)]
CONFIG = Content(
    b'{"architecture":"amd64","os":"linux"}', "application/vnd.oci.image.config.v1+json"
)
ALL_BLOBS = [*BLOBS, CONFIG]

IMAGES = [image(BLOBS[1], config=CONFIG), image(BLOBS[1], BLOBS[2], config=CONFIG)]
IMAGES.append(image(BLOBS[3], config=CONFIG))
MANIFESTS = [*IMAGES, index(IMAGES[0], IMAGES[2])]

NEEDS: dict[str, tuple[list[Content], list[Content]]] = {
    IMAGES[0].digest: ([BLOBS[1], CONFIG], []),
    IMAGES[1].digest: ([BLOBS[1], BLOBS[2], CONFIG], []),
    IMAGES[2].digest: ([BLOBS[3], CONFIG], []),
    MANIFESTS[3].digest: ([], [IMAGES[0], IMAGES[2]]),
}
"""What each manifest needs in its repository: blobs, manifests."""
