"""Replacing a file as a whole: whoever reads it finds the old content or the new one, and never a part.

The new content goes to a temporary file in the same folder, which takes the place of the old one once it is complete.
What a program that was killed has left there is removed by the next that writes the same file: a temporary file is
locked as long as its writer lives, and nobody touches one that is locked.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress


def replace(path: str | os.PathLike[str], content: bytes) -> None:
    """Write the content to the file ``path``, or to the file that a symbolic link of this name points to.

    A file that is there keeps its mode, and its owner where the system allows that; a new one gets the mode that new
    files have. Raises OSError, with the path, where that fails, and for what is no file: a folder, a pipe, a device.
    """
    target = os.fsdecode(os.path.realpath(path))  # what a symbolic link points to
    try:
        old = look(target)
        remove_leftovers(target)
        temporary, descriptor = new_file(target, 0o666 if old is None else 0o600)  # until it has its mode, for nobody
        try:
            with open(descriptor, "wb") as file:  # open, and locked, until it is in its place
                if old is not None:
                    take_after(temporary, old)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if os.name != "nt":
                    os.replace(temporary, target)
            if os.name == "nt":  # where what is open cannot be moved
                os.replace(temporary, target)
        finally:
            with suppress(OSError):
                os.remove(temporary)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from None


def look(target: str) -> os.stat_result | None:
    """What is there already; None if nothing is. OSError unless it is a file, which can be replaced."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "expected a file, got a folder")
    if stat.S_ISLNK(found.st_mode):  # that realpath could not follow
        raise OSError(errno.ELOOP, "expected a file, got a symbolic link that leads to itself")
    if not stat.S_ISREG(found.st_mode):
        kind = "pipe" if stat.S_ISFIFO(found.st_mode) else "socket" if stat.S_ISSOCK(found.st_mode) else "device"
        raise OSError(errno.EINVAL, f"expected a file, which can be replaced, got a {kind}")
    return found


def new_file(target: str, mode: int) -> tuple[str, int]:
    """A temporary file beside the target, new and locked: its path, and its descriptor."""
    while True:
        temporary = f"{target}.{os.urandom(4).hex()}.tmp"  # as is_leftover knows it
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        if lock(descriptor) is not False and os.path.exists(temporary):  # nobody took it for a leftover
            return temporary, descriptor
        os.close(descriptor)


def take_after(temporary: str, old: os.stat_result) -> None:
    """Give a new file the owner and the mode of the old one."""
    new = os.stat(temporary)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(OSError):
            os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, stat.S_IMODE(old.st_mode))


def remove_leftovers(target: str) -> None:
    """Remove the temporary files for this target whose writers are no more."""
    folder, name = os.path.split(target)
    with suppress(OSError):
        for found in [x for x in os.listdir(folder) if is_leftover(x, name)]:
            with suppress(OSError):
                remove_unless_locked(os.path.join(folder, found))


def is_leftover(found: str, name: str) -> bool:
    """Whether a file is called as a temporary one for the file of this name is: ``name.01234567.tmp``."""
    middle = found.removeprefix(f"{name}.").removesuffix(".tmp")
    return found == f"{name}.{middle}.tmp" and len(middle) == 8 and {*middle} <= {*"0123456789abcdef"}


def remove_unless_locked(path: str) -> None:
    """Remove a file that nobody writes. OSError if that cannot be, as for an open file on Windows."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return
    if os.name == "nt":
        os.remove(path)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if lock(descriptor):
            os.remove(path)
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> bool | None:
    """Lock an open file, until it is closed: whether it was free; None where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True
