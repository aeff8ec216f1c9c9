"""Writes that the kernel does while the thread that asked for them does something else.

io_submit(2) and io_getevents(2), which neither the standard library nor a package offers for memory
that is aligned as direct writes need it. io_uring would do as well, and many container runtimes
forbid it.
"""

import ctypes
import errno
import os
import platform
import weakref

# Numbers of the system calls, on machines where `_Request` is laid out as below.
_GENERIC = {"setup": 0, "destroy": 1, "submit": 2, "getevents": 4}
_NUMBERS = {
    "x86_64": {"setup": 206, "destroy": 207, "getevents": 208, "submit": 209},
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
}
_PWRITE = 1


class _Request(ctypes.Structure):
    """``struct iocb`` of linux/aio_abi.h."""

    _fields_ = [
        ("data", ctypes.c_uint64),
        ("key", ctypes.c_uint32),
        ("rw_flags", ctypes.c_uint32),
        ("opcode", ctypes.c_uint16),
        ("priority", ctypes.c_int16),
        ("file", ctypes.c_uint32),
        ("address", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("offset", ctypes.c_int64),
        ("reserved", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("event_file", ctypes.c_uint32),
    ]


class _Event(ctypes.Structure):
    """``struct io_event`` of linux/aio_abi.h."""

    _fields_ = [
        ("data", ctypes.c_uint64),
        ("request", ctypes.c_uint64),
        ("result", ctypes.c_int64),
        ("result2", ctypes.c_int64),
    ]


class KernelWrite:
    """One write at a time, to be used by one thread at a time.

    Raises:
        OSError: the kernel does not offer it, or no more of it.
    """

    def __init__(self) -> None:
        self._request = _Request(opcode=_PWRITE)
        self._requests = (ctypes.POINTER(_Request) * 1)(ctypes.pointer(self._request))
        self._event = _Event()
        self._context = ctypes.c_ulong(0)
        _call("setup", ctypes.c_long(1), ctypes.byref(self._context))
        # Not at the end of the process: the kernel does it then, and does not wait for the disk.
        weakref.finalize(self, _call, "destroy", self._context).atexit = False

    def start(self, file: int, address: int, size: int, offset: int) -> None:
        """Begin to write; the memory must stay as it is until `finish`.

        Args:
            file: open for direct writing.
            address: of the first byte, aligned.
            size: bytes.
            offset: where in the file.

        Raises:
            OSError: it was not begun.
        """
        request = self._request
        request.file, request.offset = file, offset
        request.address, request.size = address, size
        _call("submit", self._context, ctypes.c_long(1), self._requests)

    def finish(self) -> int:
        """Wait for what was begun.

        Returns:
            Bytes written.

        Raises:
            OSError: the write failed.
        """
        event, one = ctypes.byref(self._event), ctypes.c_long(1)
        while True:
            try:
                _call("getevents", self._context, one, one, event, None)
                break
            except InterruptedError:
                continue
        written = self._event.result
        if written < 0:
            raise OSError(-written, os.strerror(-written))
        return int(written)


def _call(name: str, *arguments: object) -> None:
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _syscall(ctypes.c_long(numbers[name]), *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
