import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.config.addresses import TcpAddress, UnixAddress
from entrepot.errors import AddressInUse, ConfigurationError
from entrepot.server.address import check_socket_file, resolve


def test_a_free_port_is_given_with_an_address() -> None:
    host, port = resolve(TcpAddress("localhost", 0))
    assert host in ("127.0.0.1", "::1")
    assert port > 0


def test_no_host_means_every_interface() -> None:
    host, _ = resolve(TcpAddress("", 0))
    assert host in ("::", "0.0.0.0")


def test_who_holds_a_taken_port_is_told() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressInUse) as refusal:
            resolve(TcpAddress("127.0.0.1", port))
    message = refusal.value.message
    assert f"127.0.0.1:{port} is taken by process {os.getpid()}" in message
    assert "choose another address" in message


def test_a_port_that_is_shared_is_taken_too() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(AddressInUse, match="is taken"):
            resolve(TcpAddress("127.0.0.1", listener.getsockname()[1]))


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"'nowhere\.invalid' cannot be found"):
        resolve(TcpAddress("nowhere.invalid", 5000))


def test_a_socket_file_that_nobody_listens_on_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "registry.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    check_socket_file(UnixAddress(str(path)))
    assert not path.exists()


def test_a_socket_file_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(AddressInUse, match="another program listens"):
            check_socket_file(UnixAddress(str(path)))
    assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(ConfigurationError, match="not a socket"):
        check_socket_file(UnixAddress(str(path)))
    assert path.read_text() == "data"
