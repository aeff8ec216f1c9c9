"""The content of a file that Apache's htpasswd writes: ``NAME:HASH`` lines, hashes by bcrypt."""

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

_BCRYPT = re.compile(rb"\$2[abxy]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_LARGEST = 16 * 1024 * 1024
_OTHER_HASHES = {
    b"$apr1$": "MD5",
    b"$1$": "MD5",
    b"{SHA}": "SHA-1",
    b"{SSHA}": "SHA-1",
    b"$5$": "SHA-256",
    b"$6$": "SHA-512",
    b"$argon2": "Argon2",
}


@dataclass(frozen=True, slots=True)
class HtpasswdContent:
    """What a file has.

    Attributes:
        hashes: each user's, by name.
        refused: lines that let nobody in, by number from 1: what is wrong with them.
    """

    hashes: dict[str, bytes] = field(default_factory=dict, repr=False)
    refused: dict[int, str] = field(default_factory=dict)


def read_htpasswd(path: Path) -> HtpasswdContent:
    """Read a file.

    Args:
        path: of the file.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is none of such a file; the message names it.
    """
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    return parse_htpasswd(content)


def parse_htpasswd(content: bytes) -> HtpasswdContent:
    """Read the content of a file, as Docker Registry does: of a repeated name the last line holds.

    Args:
        content: the file's bytes.

    Raises:
        ValueError: a line is none of such a file; the message names it.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is UTF-16; save it as UTF-8")
    result = HtpasswdContent()
    # Editors on Windows begin a file with a byte order mark, which is no part of the first name.
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        entry = line.strip()
        if not entry or entry.startswith(b"#"):
            continue
        raw_name, colon, hashed = entry.partition(b":")
        if not colon or not raw_name:
            raise ValueError(f"line {number} is not NAME:HASH")
        try:
            name = raw_name.decode()
        except UnicodeDecodeError:
            raise ValueError(f"the name in line {number} is not UTF-8") from None
        result.hashes.pop(name, None)
        if _BCRYPT.fullmatch(hashed):
            result.hashes[name] = hashed
        else:
            result.refused[number] = (
                f"line {number}: {name!r} cannot log in: {_what(hashed)}, and only bcrypt is taken"
                " (htpasswd -B)"
            )
    return result


def _what(hashed: bytes) -> str:
    """Name the kind of a hash, and nothing of the hash itself: it may be a password."""
    if hashed.startswith(b"$2"):
        return "its hash is bcrypt, but not whole"
    known = (name for start, name in _OTHER_HASHES.items() if hashed.startswith(start))
    return f"its hash is {next(known, 'not bcrypt')}"
