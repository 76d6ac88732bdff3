"""Programs that were once found to differ under jit from the function itself, shrunk: kept as tests."""

from __future__ import annotations

from fuzzing import Case

OPEN: frozenset[str] = frozenset()
"""Kinds of disagreement that are known and not mended yet: random programs report them, and kept programs of these
kinds may fail. Whoever mends a kind takes it out here."""

KEPT: tuple[tuple[str, str, Case], ...] = ()
"""A name, the kind of the disagreement, and the program."""
