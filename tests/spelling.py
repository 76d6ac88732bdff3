"""What a test is called after the thing that it is about: the same in every process, so that several share the work."""

from __future__ import annotations

import re


def spelled(x: object) -> str:
    """The text of a thing, without the address of it that Python adds where it has no better.

    >>> spelled(iter([1.0]))
    '<list_iterator object>'
    """
    return re.sub(r" at 0x[0-9a-f]+", "", repr(x))
