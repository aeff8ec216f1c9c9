"""What htpasswd writes: bcrypt is taken, other hashes are refused by their line."""

import codecs
from pathlib import Path

import pytest

from entrepot.config.htpasswd_file import parse_htpasswd, read_htpasswd

BCRYPT = b"$2y$05$fK.NdTRD.aGLgFxDkZzKGOq9IkKdGfMzoP4Kzf4NKfI7DKBBxBB/G"


def test_names_and_hashes_between_comments_and_empty_lines() -> None:
    text = b"# users\n\nalice:" + BCRYPT + b"\r\n  \xc3\xa9lodie:" + BCRYPT + b"  \n"
    assert set(parse_htpasswd(text).hashes) == {"alice", "élodie"}


def test_of_a_repeated_name_the_last_line_holds() -> None:
    other = BCRYPT.replace(b"05", b"06")
    text = b"alice:" + BCRYPT + b"\nalice:" + other
    assert parse_htpasswd(text).hashes == {"alice": other}
    assert parse_htpasswd(text + b"\nalice:plain").hashes == {}


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert set(parse_htpasswd(codecs.BOM_UTF8 + b"alice:" + BCRYPT).hashes) == {"alice"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_called_by_its_name(encoding: str) -> None:
    text = ("\ufeffalice:" + BCRYPT.decode()).encode(encoding)
    with pytest.raises(ValueError, match="it is UTF-16; save it as UTF-8"):
        parse_htpasswd(text)


@pytest.mark.parametrize("prefix", [b"$2a$", b"$2b$", b"$2x$", b"$2y$"])
def test_every_kind_of_bcrypt(prefix: bytes) -> None:
    assert parse_htpasswd(b"alice:" + prefix + BCRYPT[4:]).refused == {}


@pytest.mark.parametrize(
    ("hashed", "kind"),
    [
        (b"$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "MD5"),
        (b"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"),
        (b"$5$abcdefgh$xxx", "SHA-256"),
        (b"$6$abcdefgh$xxx", "SHA-512"),
        (b"$argon2id$v=19$m=7168", "Argon2"),
        (b"rqXexS6ZhobKA", "not bcrypt"),
        (b"hunter2", "not bcrypt"),
        (b"", "not bcrypt"),
        (BCRYPT[:-1], "bcrypt, but not whole"),
        (BCRYPT.replace(b"05", b"03"), "bcrypt, but not whole"),
    ],
)
def test_other_hashes_are_refused_by_their_line(hashed: bytes, kind: str) -> None:
    content = parse_htpasswd(b"# one\nbob:" + hashed + b"\nalice:" + BCRYPT)
    assert set(content.hashes) == {"alice"}
    message = content.refused[2]
    assert message.startswith(f"line 2: 'bob' cannot log in: its hash is {kind}")
    assert "hunter2" not in message


@pytest.mark.parametrize("line", [b"no colon", b":nameless", b"\xff\xfe:x"])
def test_what_is_no_line_is_named(line: bytes) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_htpasswd(b"alice:" + BCRYPT + b"\n" + line)


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    with path.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(ValueError, match="more than"):
        read_htpasswd(path)


def test_hashes_are_not_shown() -> None:
    assert "fK.Nd" not in repr(parse_htpasswd(b"alice:" + BCRYPT))
