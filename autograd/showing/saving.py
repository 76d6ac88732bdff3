"""Saving: the end of a file's name says what is written into it, and nothing else is ever written under that name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def save(path: str | os.PathLike[str], makers: Mapping[str, Callable[[str], str | bytes]], hint: str = "") -> str:
    r"""Write what the maker for the end of ``path`` (``svg``, in capitals or not) makes of that; returns the path.

    Text is written in UTF-8, with ``\n`` between lines. Raises ValueError, with all ends that there are, for another
    one; what the maker raises, before a file is touched; OSError if the file cannot be written.
    """
    name = os.fsdecode(path)
    ends = [f".{end}" for end in makers]
    end = os.path.splitext(name)[1].lower().removeprefix(".")
    if end not in makers:
        either = " or ".join([", ".join(ends[:-1]), ends[-1]] if len(ends) > 1 else ends)
        raise ValueError(f"save: expected a name that ends in {either}, got {name!r}{hint}")
    made = makers[end](end)
    with open(path, "wb") as file:
        file.write(made.encode() if isinstance(made, str) else made)
    return name
