"""Programs that were once found to differ under jit from the function itself, shrunk: kept as tests."""

from __future__ import annotations

from math import inf, nan

from fuzzing import Call, Case

OPEN: frozenset[str] = frozenset()
"""Kinds of disagreement that are known and not mended yet: random programs report them, and kept programs of these
kinds may fail. Whoever mends a kind takes it out here."""

KEPT: tuple[tuple[str, str, Case], ...] = (
    (
        "dead logarithm",
        "values: a value instead of ValueError",
        Case(
            "def f(x):\n    ag.log(x)\n    return x\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((-0.5,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "dead quotient",
        "values: a value instead of ZeroDivisionError",
        Case(
            "def f(x):\n    1.0 / x\n    return x * 2.0\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((0.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "dead power, under grad of jit",
        "grad: a value instead of ValueError",
        Case(
            "def f(x, y):\n    ag.pow(x, y)\n    return x + y\n",
            (
                Call((1.0, 0.5), (), (1, 1)),
                Call((1.25, 0.625), (), (1, 1)),
                Call((-2.0, 0.5), (), (1, 1)),
            ),
            ("grad",),
        ),
    ),
    (
        "dead root in a batch",
        "mean: a value instead of ValueError",
        Case(
            "def f(x):\n    ag.sqrt(x)\n    return x * a\n",
            (
                Call((1.0,), (2.0,), (1,)),
                Call((1.25,), (2.0,), (1,)),
                Call((-1.0,), (2.0,), (1,)),
            ),
            ("mean of all",),
        ),
    ),
    (
        "dead root in a map",
        "map: a value instead of ValueError",
        Case(
            "def f(x):\n    ag.sqrt(x)\n    return x * 2.0\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((-1.0,), (), (1,)),
            ),
            ("map of all",),
        ),
    ),
    (
        "dead overflow in a long loop",
        "values: a value instead of OverflowError",
        Case(
            "def f(x, y):\n    s = y\n    for i in range(100):\n        s = s ** 2 * 0.5 + y\n    return x + y\n",
            (
                Call((1.0, -0.5), (), (1, 1)),
                Call((1.25, -0.625), (), (1, 1)),
                Call((1.0, 1.0), (), (1, 1)),
            ),
            ("values",),
        ),
    ),
    (
        "dead overflow in a short loop",
        "values: a value instead of OverflowError",
        Case(
            "def f(x):\n    s = x\n    for i in range(2):\n        s = s ** 2 * 0.5 + x\n    return x\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((-1e200,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "overflow in a long loop that saturates",
        "",
        Case(
            "def f(x):\n    s = x\n    for i in range(100):\n        s = s ** 2 * 0.5 + x\n    return ag.tanh(s)\n",
            (
                Call((-0.5,), (), (1,)),
                Call((-0.625,), (), (1,)),
                Call((1.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "error lost in the guard of a minimum",
        "call: a value instead of ZeroDivisionError",
        Case(
            "def f(x, y):\n    return min(0.0 ** x, ag.silu(y))\n",
            (
                Call((2.0, -0.5), (), (1, 1)),
                Call((1.0, -0.5), (), (1, 1)),
                Call((-2.0, -0.5), (), (1, 1)),
            ),
            ("call",),
        ),
    ),
    (
        "error lost in the guard of a branch",
        "call: a value instead of ValueError",
        Case(
            "def f(x, y):\n    if ag.log(x) > y:\n        return x * 2.0\n    return x * 3.0\n",
            (
                Call((1.0, 0.5), (), (1, 1)),
                Call((1.2, 0.5), (), (1, 1)),
                Call((-1.0, 0.5), (), (1, 1)),
            ),
            ("call",),
        ),
    ),
    (
        "error in the guard of a batch",
        "map: a value instead of ValueError",
        Case(
            "def f(x):\n    if ag.sqrt(x) > 1.0:\n        return x * 2.0\n    return x * 3.0\n",
            (
                Call((0.5,), (), (1,)),
                Call((0.25,), (), (1,)),
                Call((-1.0,), (), (1,)),
            ),
            ("map of all",),
        ),
    ),
    (
        "caught logarithm",
        "values: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x):\n"
            "    try:\n"
            "        t = ag.log(x)\n"
            "    except ValueError:\n"
            "        t = ag.constant(3.0)\n"
            "    return t\n",
            (
                Call((-1.0,), (), (1,)),
                Call((2.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "caught logarithm, and a third call",
        "call: a number, a try",
        Case(
            "def f(x):\n"
            "    try:\n"
            "        t = ag.acos(x)\n"
            "    except ValueError:\n"
            "        t = ag.constant(-0.5)\n"
            "    return t\n",
            (
                Call((2.0,), (), (1,)),
                Call((-2.5,), (), (1,)),
                Call((0.5,), (), (1,)),
            ),
            ("call",),
        ),
    ),
    (
        "caught first, then not: a wrong gradient",
        "gradient of result 0: a number, a try",
        Case(
            "def f(x):\n"
            "    try:\n"
            "        t = ag.log(x)\n"
            "    except ValueError:\n"
            "        t = ag.constant(0.0)\n"
            "    return t\n",
            (
                Call((-0.5,), (), (1,)),
                Call((1.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "caught quotient of zero",
        "",
        Case(
            "def f(x):\n"
            "    try:\n"
            "        t = 1.0 / x\n"
            "    except ZeroDivisionError:\n"
            "        t = ag.constant(7.0)\n"
            "    return t\n",
            (
                Call((2.0,), (), (1,)),
                Call((2.5,), (), (1,)),
                Call((0.0,), (), (1,)),
                Call((2.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "caught overflow",
        "values: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x):\n"
            "    try:\n"
            "        t = ag.exp(x)\n"
            "    except OverflowError:\n"
            "        t = x * 2.0\n"
            "    return t\n",
            (
                Call((800.0,), (), (1,)),
                Call((1.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "caught in a loop",
        "values: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x, v):\n"
            "    s = x\n"
            "    for e in v:\n"
            "        try:\n"
            "            s = s + ag.pow(e, 0.5)\n"
            "        except ValueError:\n"
            "            s = s * 2.0\n"
            "    return s\n",
            (
                Call((1.0, [1.0, -0.5]), (), (1, 1)),
                Call((1.0, [1.0, 1.0]), (), (1, 1)),
            ),
            ("values",),
        ),
    ),
    (
        "caught in a map",
        "map: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x):\n    try:\n        t = ag.log(x)\n    except ValueError:\n        t = x\n    return t\n",
            (
                Call((-1.0,), (), (1,)),
                Call((2.0,), (), (1,)),
            ),
            ("map of all",),
        ),
    ),
    (
        "caught in a mean",
        "mean: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x):\n    try:\n        t = ag.log(x) * a\n    except ValueError:\n        t = x * a\n    return t\n",
            (
                Call((-1.0,), (2.0,), (1,)),
                Call((2.0,), (3.0,), (1,)),
            ),
            ("mean of all",),
        ),
    ),
    (
        "caught under grad of jit",
        "grad: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x):\n    try:\n        t = ag.log(x)\n    except ValueError:\n        t = x * 2.0\n    return t\n",
            (
                Call((-1.0,), (), (1,)),
                Call((2.0,), (), (1,)),
            ),
            ("grad",),
        ),
    ),
    (
        "caught under jit of grad",
        "jitgrad: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x):\n    try:\n        t = ag.log(x)\n    except ValueError:\n        t = x * 2.0\n    return t\n",
            (
                Call((-1.0,), (), (1,)),
                Call((2.0,), (), (1,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "caught, and another error outside",
        "call: a value instead of ValueError, a try",
        Case(
            "def f(x):\n"
            "    if x:\n"
            "        ag.pow(x, 0.5)\n"
            "    try:\n"
            "        t = 0.0 ** x\n"
            "    except ValueError:\n"
            "        t = x\n"
            "    return x\n",
            (
                Call((0.5,), (), (1,)),
                Call((0.625,), (), (1,)),
                Call((-1.0,), (), (1,)),
            ),
            ("call",),
        ),
    ),
    (
        "complex root of a float",
        "call: TypeError instead of ValueError, complex",
        Case(
            "def f(x):\n    return x ** 0.5\n",
            (
                Call((2.0,), (), (1,)),
                Call((-2.0,), (), (1,)),
            ),
            ("call",),
        ),
    ),
    (
        "complex root of what is given as a Value",
        "values: TypeError instead of ValueError, complex",
        Case(
            "def f(x, y):\n    return y + x ** 0.5\n",
            (
                Call((2.0, 1.0), (), (0, 1)),
                Call((-2.0, 1.0), (), (0, 1)),
            ),
            ("values",),
        ),
    ),
    (
        "complex root, caught",
        "call: TypeError instead of a value, complex, a try",
        Case(
            "def f(x):\n"
            "    try:\n"
            "        t = x ** 0.5\n"
            "    except ValueError:\n"
            "        t = ag.constant(2.0)\n"
            "    return t\n",
            (
                Call((2.0,), (), (1,)),
                Call((-2.0,), (), (1,)),
            ),
            ("call",),
        ),
    ),
    (
        "cancelled sum of floats",
        "call: RuntimeError instead of a value, refused",
        Case(
            "def f(x, v):\n    return ag.sum(v) * x\n",
            (Call((2.469134, [0.6172835, -2.469134, -0.4938268, 2.3456773]), (), (1, 1)),),
            ("call",),
        ),
    ),
    (
        "cancelled gradient of a softmax",
        "jitgrad: RuntimeError instead of a value, refused",
        Case(
            "def f(v):\n    return ag.sum(ag.softmax(v))\n",
            (Call(([-2.2, 0.5, 1.7283938, 2.0987639, 1.3],), (), (1,)),),
            ("jitgrad",),
        ),
    ),
    (
        "converged iteration",
        "jitgrad: RuntimeError instead of a value, refused",
        Case(
            "def f(x):\n    for i in range(8):\n        x = x - (x * x - a) / (2.0 * x)\n    return x * 3.0\n",
            (Call((-1.3580237,), (1.4814804,), (1,)),),
            ("jitgrad",),
        ),
    ),
    (
        "slope of abs at nan",
        "jitgrad: RuntimeError instead of a value, another slope",
        Case(
            "def f(x):\n    return ag.abs(x)\n",
            (Call((nan,), (), (1,)),),
            ("jitgrad",),
        ),
    ),
    (
        "slope of clip at nan, replayed",
        "jitgrad: RuntimeError instead of a value, another slope",
        Case(
            "def f(x):\n    return ag.clip(x, -2.0, 2.0)\n",
            (
                Call((0.5,), (), (1,)),
                Call((nan,), (), (1,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "slope of maximum at nan, replayed",
        "jitgrad: RuntimeError instead of a value, another slope",
        Case(
            "def f(x):\n    return ag.maximum(x, 1.0)\n",
            (
                Call((0.5,), (), (1,)),
                Call((nan,), (), (1,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "value not needed by its derivative",
        "jitgrad: a value instead of ValueError",
        Case(
            "def f(x):\n    return ag.atanh(x) * 2.0\n",
            (
                Call((0.3,), (), (1,)),
                Call((0.375,), (), (1,)),
                Call((1.5,), (), (1,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "logarithm not needed by its derivative",
        "jitgrad: a value instead of ValueError",
        Case(
            "def f(x):\n    return ag.log(x)\n",
            (
                Call((1.5,), (), (1,)),
                Call((1.875,), (), (1,)),
                Call((-0.5,), (), (1,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "zero to the power nan",
        "",
        Case(
            "def f(x):\n    return 0.0 ** x\n",
            (
                Call((0.5,), (), (1,)),
                Call((0.625,), (), (1,)),
                Call((nan,), (), (1,)),
            ),
            ("call",),
        ),
    ),
    (
        "recurrence with inf",
        "call: a number instead of nan",
        Case(
            "def f(x, v):\n"
            "    for e in [t * x for t in v]:\n"
            "        x = x + e * -inf\n"
            "    return 0.0 ** (x * x - 0.5)\n",
            (Call((-1.9753072, [0.0, -1.4814804]), (), (1, 1)),),
            ("call",),
        ),
    ),
    (
        "slope of one result in the gradient of another",
        "",
        Case(
            "def f(x):\n    return (ag.sqrt(x), x * 2.0)\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((0.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "softmax of large numbers",
        "",
        Case(
            "def f(v):\n    return ag.softmax(v)\n",
            (
                Call(([1.0, 2.0],), (), (1,)),
                Call(([1.25, 2.5],), (), (1,)),
                Call(([710.0, -750.0],), (), (1,)),
                Call(([inf, 1.0],), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "powers of zero",
        "",
        Case(
            "def f(x, y):\n    return ag.pow(x, y)\n",
            (
                Call((1.0, 2.0), (), (1, 1)),
                Call((1.25, 2.5), (), (1, 1)),
                Call((0.0, 0.5), (), (1, 1)),
                Call((0.0, 0.0), (), (1, 1)),
                Call((0.0, 1.0), (), (1, 1)),
                Call((0.0, 2.0), (), (1, 1)),
                Call((-2.0, 3.0), (), (1, 1)),
            ),
            ("values",),
        ),
    ),
    (
        "square of a large number",
        "",
        Case(
            "def f(x):\n    return x ** 2\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((2.0,), (), (1,)),
                Call((1e200,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "square of a large number, dead",
        "values: a value instead of OverflowError",
        Case(
            "def f(x):\n    x ** 2\n    return x\n",
            (
                Call((1.0,), (), (1,)),
                Call((2.0,), (), (1,)),
                Call((1e200,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "exp of a large number, not needed",
        "",
        Case(
            "def f(x):\n    return 1.0 / (1.0 + ag.exp(x))\n",
            (
                Call((1.0,), (), (1,)),
                Call((1.25,), (), (1,)),
                Call((2.0,), (), (1,)),
                Call((800.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "branch on a captured nan",
        "",
        Case(
            "def f(x):\n    return x * 2.0 if a > 0.0 else x * 3.0\n",
            (
                Call((1.0,), (1.0,), (1,)),
                Call((1.25,), (1.0,), (1,)),
                Call((1.0,), (nan,), (1,)),
                Call((1.0,), (-1.0,), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "sign of a sum under atan2",
        "values: a number, atan2",
        Case(
            "def f(x, y):\n    return ag.atan2(ag.sum([x, y]), -1.0)\n",
            (
                Call((1.0, -1.0), (), (1, 1)),
                Call((-0.0, -0.0), (), (1, 1)),
            ),
            ("values",),
        ),
    ),
    (
        "sign of a dot under atan2",
        "",
        Case(
            "def f(v):\n    return ag.atan2(ag.dot(v, [0.5, 2.0]), -1.0)\n",
            (
                Call(([1.0, 2.0],), (), (1,)),
                Call(([1.25, 2.5],), (), (1,)),
                Call(([-0.0, -0.0],), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "sign of x + 0 under atan2",
        "values: a number, atan2",
        Case(
            "def f(x):\n    return ag.atan2(x + 0.0, -1.0)\n",
            (
                Call((1.0,), (), (1,)),
                Call((-0.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "sign of abs under atan2",
        "values: a number, atan2",
        Case(
            "def f(x):\n    return ag.atan2(ag.abs(x), -1.0) + ag.atan2(ag.relu(x), -1.0)\n",
            (
                Call((1.0,), (), (1,)),
                Call((-0.0,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "sign of round under atan2",
        "values: a number, atan2",
        Case(
            "def f(x):\n    return ag.atan2(ag.round(x), -1.0)\n",
            (
                Call((1.0,), (), (1,)),
                Call((-0.25,), (), (1,)),
            ),
            ("values",),
        ),
    ),
    (
        "slope of one result in the gradient of another, by a loop",
        "gradient of result 1: nan instead of a number",
        Case(
            "def f(y):\n"
            "    s1 = a\n"
            "    for i in range(100):\n"
            "        s1 = ag.tanh(s1 + -inf * a)\n"
            "    t2 = ag.maximum(y * 0.0, y)\n"
            "    return (s1, [a / (t2 * t2 + 1.0), ag.pow(s1, t2)])\n",
            (Call((-1e200,), (1.0,), (0,)),),
            ("values",),
        ),
    ),
    (
        "slope of clip at nan, of a tied maximum",
        "jitgrad: a number instead of nan",
        Case(
            "def f(x):\n    return ag.clip(max(x, x) * 0.1 + max(x, x), -2.0, 2.0)\n",
            (
                Call((1e-200,), (), (0,)),
                Call((0.05,), (), (0,)),
                Call((nan,), (), (0,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "caught in a loop, under jit of grad",
        "jitgrad: RuntimeError instead of a value, refused, a try",
        Case(
            "def f(x, M):\n"
            "    for e in [ag.dot(p, q) for p in M for q in M]:\n"
            "        try:\n"
            "            x = x + ag.pow(e, M[0][1])\n"
            "        except ValueError:\n"
            "            x = x * -2.0\n"
            "    return ag.cbrt(x)\n",
            (
                Call((-3.3, [[-1.1, -0.7], [-1.1, 2.3]]), (), (1, 1)),
                Call((0.05, [[1.1, 1.2], [2.4, 1.8]]), (), (1, 1)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "nan in a row that is not chosen",
        "gradient of result 0: nan instead of a number",
        Case(
            "def f(y, M):\n    return max(ag.matvec(M, [M[2][0], y]))\n",
            (Call((1e-200, [[-0.7407402, 0.5], [-0.37037, 0.0], [1.3580237, nan]]), (), (1, 1)),),
            ("values",),
        ),
    ),
    (
        "slope of a power of zero at nan",
        "jitgrad: a number instead of nan",
        Case(
            "def f(x):\n    return 0.0 ** (x * x + 0.5)\n",
            (
                Call((-0.6172835,), (), (0,)),
                Call((-1.7283938,), (), (0,)),
                Call((nan,), (), (0,)),
            ),
            ("jitgrad",),
        ),
    ),
    (
        "sine of a large number",
        "values: RuntimeError instead of a value, refused",
        Case(
            "def f(x, y, M):\n"
            "    if ag.tanh(M[0][0]) < x:\n"
            "        t2 = ag.tanh(M[0][0]) / (x * ag.tanh(M[0][0]) + -2.0)\n"
            "    else:\n"
            "        t2 = ag.leaky_relu(x, 1e200)\n"
            "    s5 = ag.hypot(x, M[2][0])\n"
            "    for i in range(3):\n"
            "        s5, t2 = t2, ag.sin(s5 * t2) + 0.1\n"
            "    return ag.mean([y - y * y, ag.tanh(M[0][0]) - 0.5, s5])\n",
            (
                Call(
                    (
                        -1.8518505,
                        -1.8518505,
                        [[-1.8518505, -1.8518505], [-1.8518505, -1.8518505], [-1.8518505, -1.8518505]],
                    ),
                    (),
                    (0, 0, 0),
                ),
            ),
            ("values",),
        ),
    ),
    (
        "a branch on what is captured, and an example that overflows",
        "mean: TracingCheckError instead of a value, refused",
        Case(
            "def f(x):\n"
            "    if b <= x:\n"
            "        t1 = ag.tanh(x)\n"
            "    else:\n"
            "        t1 = a * x\n"
            "    return t1 + ag.tanh(t1)\n",
            (
                Call((-inf,), (0.0, 0.0, 0.0), (1,)),
                Call((-0.5,), (1.0, -0.5, 1.0), (1,)),
            ),
            ("mean",),
        ),
    ),
    (
        "a caught exception, and an example that overflows",
        "mean: TracingCheckError instead of a value, refused, a try",
        Case(
            "def f(x, y):\n"
            "    try:\n"
            "        t4 = ag.log(a)\n"
            "    except (ValueError, ZeroDivisionError, OverflowError):\n"
            "        t4 = y + y\n"
            "    if a > t4 * t4:\n"
            "        return t4 * t4 * t4\n"
            "    return t4 * t4 * t4\n",
            (
                Call((0.0, inf), (0.0, 0.0, 0.0), (1, 1)),
                Call((1.0, 1.0), (1.0, 1.0, 1.0), (1, 1)),
            ),
            ("mean",),
        ),
    ),
    (
        "a sum of what was multiplied elsewhere",
        "jitgrad: TypeError instead of a value, a try",
        Case(
            "def f(x):\n"
            "    v = [x, x]\n"
            "    t = ag.dot(v, v)\n"
            "    s = t\n"
            "    for e in [ag.tanh(e) for e in v]:\n"
            "        s = s + a / e\n"
            "    try:\n"
            "        return ag.log(s)\n"
            "    except ValueError:\n"
            "        return t\n",
            (Call((-0.5,), (1.0, 1.0, 1.0), (1,)),),
            ("jitgrad", "call"),
        ),
    ),
    (
        "a slope lost beside a quotient by itself",
        "values: TracingCheckError instead of a value, refused",
        Case(
            "def f(x, y):\n    t1 = y * y\n    t2 = t1 * t1\n    t3 = 1e-200 / t2\n    return t3 + t3 / t3\n",
            (Call((1.0, 1.0), (), (1, 1)),),
            ("values",),
        ),
    ),
    (
        "tangents of large numbers",
        "values: TracingCheckError instead of a value, refused, a try",
        Case(
            "def f(x, M):\n"
            "    v1 = [ag.dot(p, q) for p in M for q in M]\n"
            "    s5 = x * x * x * x\n"
            "    for i in range(2):\n"
            "        s5 = 3.5 * s5 * (1.0 - s5)\n"
            "    t6 = s5 * s5\n"
            "    s8 = t6\n"
            "    for i in range(8):\n"
            "        s8 = s8 + ag.tan(ag.dot(v1[i : i + 2], [1.0, t6]))\n"
            "    return s8\n",
            (Call((2.0, [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 2.0, -1.234567]]), (), (1, 1)),),
            ("values",),
        ),
    ),
)
"""A name, the kind of the disagreement (none where a program only stands beside one that failed), and the program."""
