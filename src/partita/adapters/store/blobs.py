"""Large texts as files named by their SHA-256, written so that a name never shows half a text."""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from partita.adapters.scratch import is_abandoned, lock
from partita.adapters.store.folder import plain_directory
from partita.errors import OutsideFailure

PLAIN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
LARGEST = 64 * 2**20
TEMPORARY = ".new-"
KEY = re.compile(r"[0-9a-f]{64}\Z")


class BlobFolder:
    """`ab/cdef...` below the folder; several threads and processes may write at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._swept = False

    def keep(self, data: bytes) -> str:
        """Store it and give its SHA-256 in hex; ValueError above 64 MiB."""
        if len(data) > LARGEST:
            msg = f"a blob of {len(data)} bytes passes the limit of {LARGEST}"
            raise ValueError(msg)
        key = hashlib.sha256(data).hexdigest()
        try:
            self._write(key, data)
        except OSError as e:
            raise OutsideFailure(
                f"{self._folder} can't be written: {e.strerror}",
                remedy="check the free space and the permissions",
            ) from e
        return key

    def load(self, key: str) -> bytes:
        """The bytes; KeyError when they are not there or are no longer those that were kept."""
        if not KEY.match(key):
            raise KeyError(key)
        try:
            with self._directory(key) as where:
                data = _read(key[2:], where)
        except OSError as e:
            raise KeyError(key) from e
        if hashlib.sha256(data).hexdigest() != key:
            raise KeyError(key)
        return data

    def _write(self, key: str, data: bytes) -> None:
        plain_directory(self._folder)
        if not self._swept:
            self._swept = True
            self._sweep()
        if not (self._folder / key[:2]).is_dir():
            (self._folder / key[:2]).mkdir(mode=0o700, exist_ok=True)
            _sync(self._folder)
        with self._directory(key) as where:
            try:
                there = _read(key[2:], where) == data
            except OSError:
                there = False
            if not there:
                _put(key[2:], data, where)
            os.fsync(where)  # also for another's rename, which may not have reached the disk

    def _sweep(self) -> None:
        """Remove what writers that were killed left half written."""
        for path in self._folder.glob(f"[0-9a-f][0-9a-f]/{TEMPORARY}*"):
            with suppress(OSError), self._directory(path.parent.name) as where:
                file = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
                try:
                    if is_abandoned(file):
                        os.unlink(path.name, dir_fd=where)
                finally:
                    os.close(file)

    @contextmanager
    def _directory(self, key: str) -> Iterator[int]:
        """A handle on the blob's directory; neither it nor the one above may be a link."""
        above = os.open(self._folder, PLAIN_DIRECTORY)
        try:
            where = os.open(key[:2], PLAIN_DIRECTORY, dir_fd=above)
        finally:
            os.close(above)
        try:
            yield where
        finally:
            os.close(where)


def _read(name: str, where: int) -> bytes:
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
    with os.fdopen(file, "rb") as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            raise OSError(name)
        return stream.read(LARGEST)


def _put(name: str, data: bytes, where: int) -> None:
    """Write a file that gets its name when it is whole; a process that is killed leaves nothing."""
    try:
        file = os.open(".", os.O_WRONLY | os.O_TMPFILE, 0o600, dir_fd=where)
        with os.fdopen(file, "wb") as stream:
            _fill(stream, data)
            os.link(f"/proc/self/fd/{file}", name, dst_dir_fd=where)
    except OSError:
        # Something else has the name, or the file system knows no files without one.
        _replace(name, data, where)


def _replace(name: str, data: bytes, where: int) -> None:
    new, file = _locked_file(where)
    try:
        with os.fdopen(file, "wb") as stream:
            _fill(stream, data)
            os.rename(new, name, src_dir_fd=where, dst_dir_fd=where)
    except BaseException:
        with suppress(OSError):
            os.unlink(new, dir_fd=where)
        raise


def _locked_file(where: int) -> tuple[str, int]:
    """A new file's name and a handle that locks it against those who sweep."""
    while True:
        new = f"{TEMPORARY}{secrets.token_hex(8)}"
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=where)
        if lock(file):
            return new, file
        os.close(file)


def _fill(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)
    stream.flush()
    os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(where)
    finally:
        os.close(where)
