"""Whether two results are alike: of the same kinds, arranged in the same way, and with the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def alike(found: Any, expected: Any, rel: float = 1e-12) -> None:
    """AssertionError unless they are: arrays are of float64 and in C order, numbers floats where floats are expected.

    >>> alike([1.0, (2.0, {"a": 3.0})], [1.0, (2.0, {"a": 3.0})])
    """
    if isinstance(expected, dict):
        assert type(found) is type(expected)
        assert [*found] == [*expected]
        for key, x in expected.items():
            alike(found[key], x, rel)
    elif isinstance(expected, (list, tuple)):
        assert type(found) is type(expected), found
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            alike(a, b, rel)
    elif isinstance(expected, np.ndarray):
        assert type(found) is np.ndarray, found
        assert found.shape == expected.shape
        assert found.dtype == np.float64
        assert found.flags.c_contiguous
        assert found == pytest.approx(expected.astype(float), rel=rel, abs=rel, nan_ok=True)
    else:
        assert type(found) is (bool if type(expected) is bool else int if type(expected) is int else float), found
        assert found == pytest.approx(expected, rel=rel, abs=rel, nan_ok=True)


def arrays_in(tree: Any) -> list[Any]:
    """The arrays in a result."""
    if isinstance(tree, dict):
        return [x for each in tree.values() for x in arrays_in(each)]
    if isinstance(tree, (list, tuple)):
        return [x for each in tree for x in arrays_in(each)]
    return [tree] if isinstance(tree, np.ndarray) else []
