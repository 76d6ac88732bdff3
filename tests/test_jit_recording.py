"""Recording: what is made while a function runs is told from what was there before, as it is made."""

from __future__ import annotations

import gc
import math
import threading
from typing import Any

import pytest

import autograd as ag
from autograd import Value, detect_anomaly, jit


def test_a_function_runs_once_to_be_recorded() -> None:
    """It is called once; a few times more, to be compared with its program; then not at all, for a long time."""
    calls: list[Any] = []

    def function(x: Any) -> Any:
        calls.append(x)
        return x * 2.0

    fast = jit(function)
    assert [fast(1.0), fast(2.0), fast(3.0)] == [2.0, 4.0, 6.0]
    assert len(calls) == 3  # recorded, compared, compared at another argument
    assert fast(4.0) == 8.0
    assert len(calls) == 3


def test_nodes_of_captured_leaves_alone() -> None:
    """A node of the function's own that depends on no argument is part of the program; one made before is a number."""
    w = Value(2.0)
    before = w * w
    fast = jit(lambda x: x + w * w + before)
    assert fast(1.0).data == 9.0
    w.data = 3.0
    assert fast(1.0).data == 1.0 + 9.0 + 4.0
    assert dict(zip(map(id, fast(1.0).parents), fast(1.0).partials, strict=True)) == {id(w): 6.0, id(before): 1.0}


def test_within_detect_anomaly() -> None:
    """An anomaly detector inside of the function sees its nodes, and so does the recording; and so around it."""
    w = Value(2.0)

    def watched(x: Any) -> Any:
        with detect_anomaly():
            return ag.exp(w * 0.5) * x

    fast = jit(watched)
    for function in (fast, jit(lambda x: ag.exp(w * 0.5) * x)):
        with detect_anomaly():
            first = function(3.0)
        assert first.parents == (w,)
        w.data = 1.0
        assert math.isclose(function(3.0).data, 3.0 * math.exp(0.5), rel_tol=1e-15)
        w.data = 2.0
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"\*\(1e\+200, 1e\+200\) gave inf"):
        jit(lambda x: x * x)(Value(1e200))


def test_a_thread_of_its_own_is_not_recorded() -> None:
    """What another thread computes is not seen, so the function runs as it was written, and says so."""

    def function(x: Any) -> Any:
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(x * x))
        thread.start()
        thread.join()
        return results[0] + x

    fast = jit(function)
    with pytest.warns(RuntimeWarning, match="runs eagerly from now on: a part of it runs in a thread of its own"):
        assert fast(3.0) == 12.0
    assert fast(4.0) == 20.0


def test_the_collector_goes_on() -> None:
    """Recording pauses the collector of cyclic garbage, and no longer, whatever happens; off, it stays off."""
    enabled = []

    def wrong(_: Any) -> Any:
        enabled.append(gc.isenabled())
        raise KeyError("nothing")

    with pytest.raises(KeyError):
        jit(wrong)(1.0)
    assert enabled == [False, True]  # recorded, and then for itself, since an error is its own
    assert gc.isenabled()
    gc.disable()
    try:
        assert jit(lambda x: x * 2.0)(1.0) == 2.0
        assert not gc.isenabled()
    finally:
        gc.enable()
