"""A missing file of passwords is made with one user, and never written over."""

import os
import stat
from pathlib import Path

import bcrypt
import pytest

from entrepot.config.htpasswd_file import read_htpasswd
from entrepot.drivers.htpasswd import USER, provision
from entrepot.errors import ConfigurationError


def test_it_has_one_user_with_the_password_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "htpasswd"
    password = provision(path)
    assert password is not None
    assert len(password) == 43
    hashes = read_htpasswd(path).hashes
    assert set(hashes) == {USER}
    assert bcrypt.checkpw(password.encode(), hashes[USER])


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        provision(tmp_path / "folder" / "htpasswd")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "folder" / "htpasswd").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700


def test_each_has_a_password_of_its_own(tmp_path: Path) -> None:
    assert provision(tmp_path / "one") != provision(tmp_path / "two")


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_text("")
    assert provision(path) is None
    assert path.read_text() == ""


def test_where_none_can_be_made_the_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"auth\.htpasswd\.path: .* cannot be made"):
        provision(tmp_path / "file" / "htpasswd")
