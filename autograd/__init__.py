"""chainrule's engine: numbers that remember, and the chain rule that runs through them.

>>> from autograd import Value, tanh
>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> y = tanh(w * x + 6.9)
>>> y.backward()
>>> print(f"{y.data:.4f} {x.grad:.4f} {w.grad:.4f}")
0.7163 -1.4607 0.9738

Read the files in this order: rules (the table of derivatives), graph (the order and the backward sweep), value (the
node), functions, checking, stepping, explanation, drawing, animation; programs (what jit returns).
"""

import os
from typing import TYPE_CHECKING

if os.path.exists(os.path.join(os.path.dirname(__file__), "numpy")):
    raise ImportError(
        f"the folder {os.path.dirname(__file__)} holds files of two packages with the import name 'autograd': that of "
        "the distribution 'chainrule', and HIPS autograd; install one of them in an environment of its own"
    )

from . import rules, ufuncs  # noqa: F401 - what NumPy asks a Value
from .checking import gradcheck, verify
from .functions import (
    abs as abs,
)
from .functions import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    constant,
    cos,
    cosh,
    detach,
    dot,
    elementwise,
    elu,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    gelu,
    hardtanh,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    log_sigmoid,
    logaddexp,
    logsumexp,
    matmul,
    matvec,
    maximum,
    mean,
    minimum,
    norm,
    outer,
    primitive,
    relu,
    relu6,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softplus,
    softsign,
    sqrt,
    stop_gradient,
    tan,
    tanh,
    transpose,
    trunc,
    where,
    xlogy,
)
from .functions import (
    max as max,
)
from .functions import (
    min as min,
)
from .functions import (
    pow as pow,
)
from .functions import (
    round as round,
)
from .functions import (
    sum as sum,
)
from .modes import debug, detect_anomaly, ieee, no_grad
from .programs import Batch, Compiled, Objective, TracingCheckError
from .pullbacks import custom_vjp
from .sequences import log_softmax, softmax, sort, take
from .showing.labels import name_from
from .showing.stepping import steps
from .transforms import grad, gradients, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_and_grad, vjp
from .value import Value

# The compiler and the pictures are half of what importing all would cost: each comes at its first use.
LATER = {
    "animate": "showing.animation",
    "draw": "showing.drawing",
    "draw_dot": "showing.drawing",
    "explain": "showing.explanation",
    "jit": "compiler",
    "quiz": "showing.animation",
    "trace": "showing.drawing",
}

if TYPE_CHECKING:
    from .compiler import jit
    from .showing.animation import animate, quiz
    from .showing.drawing import draw, draw_dot, trace
    from .showing.explanation import explain
else:

    def __getattr__(name: str) -> object:
        """What stands in LATER, from its module."""
        if name not in LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f".{LATER[name]}", __name__), name)
        return found

    def __dir__() -> list[str]:
        """All names, also those that have not been used yet."""
        return sorted({*globals(), *LATER})


__all__ = [
    "Batch",
    "Compiled",
    "Objective",
    "TracingCheckError",
    "Value",
    "acos",
    "acosh",
    "animate",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clip",
    "constant",
    "cos",
    "cosh",
    "custom_vjp",
    "debug",
    "detach",
    "detect_anomaly",
    "dot",
    "draw",
    "draw_dot",
    "elementwise",
    "elu",
    "erf",
    "erfc",
    "exp",
    "explain",
    "expm1",
    "floor",
    "gelu",
    "grad",
    "gradcheck",
    "gradients",
    "hardtanh",
    "hessian",
    "hvp",
    "hypot",
    "ieee",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "leaky_relu",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "matmul",
    "matvec",
    "maximum",
    "mean",
    "minimum",
    "name_from",
    "no_grad",
    "norm",
    "outer",
    "primitive",
    "quiz",
    "relu",
    "relu6",
    "rules",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sort",
    "sqrt",
    "steps",
    "stop_gradient",
    "take",
    "tan",
    "tanh",
    "trace",
    "transpose",
    "trunc",
    "value_and_grad",
    "verify",
    "vjp",
    "where",
    "xlogy",
]
