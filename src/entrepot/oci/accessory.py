"""Tags that name a manifest by its digest: signatures, attestations, lists of referrers.

Clients keep what belongs to an image under a tag made of the image's digest, where they find no
referrers API or do not use it:

- `sha256-HEX`: the list of referrers (distribution-spec spec.md, "Referrers Tag Schema"; oras,
  notation, regctl, crane). Of both parts only the beginning is used: 32 and 64 characters.
- `sha256-HEX.sig`, `.att`, `.sbom`: cosign; `--attachment-tag-prefix` puts more in front.
- `sha256-HEX.ANYTHING`: what `regctl image copy --digest-tags` takes along with an image.
"""

import re

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag

_ALGORITHM_LENGTH = 32
_HEX_LENGTH = 64

_NAMED = re.compile(r"(sha256|sha512)-([0-9a-f]{64})(?:\..*)?")
_COSIGN_SUFFIX = re.compile(r"\.(?:sig|att|sbom)\Z")
_STEM_LENGTH = len("sha256-") + _HEX_LENGTH


def digest_start(digest: Digest) -> str:
    """Give as much of a digest as a tag that names it has room for: all of it for sha256."""
    return f"{digest.algorithm[:_ALGORITHM_LENGTH]}:{digest.hex[:_HEX_LENGTH]}"


def fallback_tag(subject: Digest) -> Tag:
    """Name the tag of a subject's list of referrers (spec.md, "Referrers Tag Schema")."""
    return Tag(digest_start(subject).replace(":", "-"))


def named_digest(tag: str) -> str | None:
    """Read which digest a tag names.

    Returns:
        The beginning of the digest, as `digest_start` gives it; None for a tag that names none.
        Whether a manifest of that digest exists, the tag does not say.
    """
    named = _NAMED.fullmatch(tag)
    if named is None and (suffix := _COSIGN_SUFFIX.search(tag)):
        named = _NAMED.fullmatch(tag[: suffix.start()][-_STEM_LENGTH:])
    return None if named is None else f"{named[1]}:{named[2]}"
