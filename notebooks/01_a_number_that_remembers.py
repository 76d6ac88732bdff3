# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. A number that remembers
#
# **Question.** A formula turns some numbers into one number. If you nudge one of the numbers that go in, how far does the number that comes out move, and in which direction?
#
# That is the only question of this course. A thermostat, a pricing formula, a neural network with a million weights: whoever wants to change the result on purpose must know how it answers to each number that goes in.
#
# In this chapter we measure the answer with a small step, see why measuring is not good enough, and meet a number that remembers how it was made. You need school algebra and a little Python.

# %%
import math

import matplotlib.pyplot as plt
from IPython.display import Math

from autograd import Value, draw, exp, ieee, log, rules, tanh, trace

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4.5), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## The slope of a curve
#
# Here is a formula with one number going in.


# %%
def f(x):
    return 3 * x * x - 4 * x + 5


assert f(3.0) == 20.0

# %% [markdown]
# **Convention.** The *slope* or *derivative* of $f$ at $x$, written $f'(x)$ or $\frac{df}{dx}$, is the number of steps that the result moves for each small step of $x$: nudge $x$ by a small $h$, and $f(x)$ moves by about $f'(x) \cdot h$. A positive slope means that both move the same way, a negative slope that they move in opposite ways, and slope 0 that a small nudge changes nothing worth mentioning.
#
# To see a slope, lay a ruler against the curve (left). To measure one, take two points of the curve, a step $h$ apart, and divide the rise by the step; then make the step smaller (right).

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5))

xs = [k / 50 for k in range(-40, 226)]
left.plot(xs, [f(x) for x in xs], "k-")
for x, slope, place in [(0.0, -4, (0.15, 7)), (2 / 3, 0, (0.75, -1)), (3.0, 14, (1.5, 23))]:
    left.plot([x - 0.7, x + 0.7], [f(x) - 0.7 * slope, f(x) + 0.7 * slope], "k--", linewidth=1.5)
    left.plot(x, f(x), "ko", markersize=8)
    left.text(*place, f"slope {slope}")
left.set(title="The ruler against the curve", xlabel="x", ylabel="f(x)", xlim=(-0.8, 4.5), ylim=(-3, 45))

xs = [k / 50 for k in range(90, 316)]
right.plot(xs, [f(x) for x in xs], "k-")
for h, style in [(3, "k:"), (1.5, "k-."), (0.01, "k--")]:
    slope = (f(3 + h) - f(3)) / h
    ends = [f(3) - 0.8 * slope, f(3) + 3.3 * slope]
    right.plot([2.2, 6.3], ends, style, linewidth=1.5, label=f"h = {h}: {slope:.2f}")
    right.plot(3 + h, f(3 + h), "ko", markersize=8, fillstyle="none")
right.plot(3, f(3), "ko", markersize=8)
right.set(title="Two points, a step h apart", xlabel="x", xlim=(1.8, 6.3), ylim=(-3, 105))
right.legend(title="slope through both", loc="upper left", frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# The smaller the step, the closer the measured slope comes to 14.

# %%
for h in [1.0, 0.1, 0.01, 0.001, 0.0001]:
    print(f"h = {h:<8}  measured slope = {(f(3 + h) - f(3)) / h:.4f}")

assert abs((f(3 + 0.0001) - f(3)) / 0.0001 - 14) < 0.001

# %% [markdown]
# Algebra says why: $f(3 + h) - f(3) = 14h + 3h^2$, so the measured slope is $14 + 3h$. The $3h$ is the error of a step that is not infinitely small.
#
# ## Why not simply measure?
#
# If a smaller step is better, take the smallest. But a float holds about 16 digits, and the two results that are subtracted agree in more and more of them.

# %%
steps = [10.0**-k for k in range(17)]
errors = [abs((f(3 + h) - f(3)) / h - 14) for h in steps]

figure, axes = plt.subplots()
axes.loglog(steps, errors, "ko-", label="error of the measured slope")
axes.loglog(steps, [3 * h for h in steps], "k--", linewidth=1.5, label="step too long: 3h")
axes.loglog(steps, [2e-15 / h for h in steps], "k:", linewidth=1.5, label="rounding: about 2e-15 / h")
axes.set(xlabel="step h", ylabel="error", ylim=(1e-10, 1e3))
axes.invert_xaxis()
axes.legend(frameon=False, loc="upper center")
plt.show()

print(f"the best of the {len(steps)} steps is off by {min(errors):.1e}")
assert 1e-9 < min(errors) < 1e-6

# %% [markdown]
# Read the picture from left to right, as the step shrinks. First the error falls with $h$. Then rounding takes over and it rises again: about half of the 16 digits is the best that such a measurement can give. At the right end the step is too small to be seen at all, the two points are the same point, and the "slope" is 0.

# %%
assert 3 + 1e-16 == 3
assert (f(3 + 1e-16) - f(3)) / 1e-16 == 0.0

# %% [markdown]
# There is a second objection, and it is the heavier one. Each number that goes in needs a measurement of its own: a network with a million weights would have to be computed a million and one times for a single set of slopes.
#
# What we want is all the slopes, exact to the last digits, for about the price of computing the formula once. That sounds like too much to ask. It only takes numbers that remember.
#
# ## A number that remembers
#
# A `Value` is a number that behaves like a float, and that remembers which operation made it out of which other numbers.

# %%
a = Value(2.0, label="a")
b = Value(-3.0, label="b")
c = Value(10.0, label="c")

e = a * b
e.label = "e"
d = e + c
d.label = "d"
print(d)

assert d.data == 4.0
assert d.rule is rules.ADD
assert [id(operand) for operand in d.parents] == [id(e), id(c)]
assert e.rule is rules.MUL
assert [id(operand) for operand in e.parents] == [id(a), id(b)]
assert a.parents == ()

# %% [markdown]
# **Convention.** Each `Value` is a *node*. The nodes that it was computed from are its *operands* (or parents), and each use of an operand is an *edge*. A node without operands is a *leaf*: a variable of your formula. The node at the end, whose slopes we are after, is the *root*. All of it together is the *graph* of the formula. `draw` shows it.

# %%
draw(d)

# %% [markdown]
# From left to right this is how the computer worked out the formula. Each box shows the operation that made it (leaves have none), its label, its value (`data`), and a place for its slope (`grad`), which is still empty: a dash. The next chapter fills it in.
#
# On each arrow stands a number with a ∂. These numbers are the heart of the matter.
#
# ## The slope of one operation
#
# **Convention.** The *local partial* $\frac{\partial\,\text{result}}{\partial\,\text{operand}}$ says how the result of a single operation answers to a nudge of one operand while the other operands hold still. The ∂ in place of a $d$ reminds of those others.
#
# For $e = a \cdot b$ a nudge of $a$ counts $b$ times, so the partial by $a$ is $b$; and the other way round. For $d = e + c$ a nudge of either operand arrives as it is: both partials are 1. Each node computed its partials together with its value and keeps them.

# %%
print("e = a * b, by a and by b:", e.partials)
print("d = e + c, by e and by c:", d.partials)

assert e.partials == (b.data, a.data) == (-3.0, 2.0)
assert d.partials == (1.0, 1.0)

# %% [markdown]
# Do small steps agree? Nudge $a$ alone, then $b$ alone.

# %%
h = 0.001
by_a = ((a.data + h) * b.data - e.data) / h
by_b = (a.data * (b.data + h) - e.data) / h
print(f"measured: {by_a:.6f} and {by_b:.6f}")

assert abs(by_a - e.partials[0]) < 1e-9
assert abs(by_b - e.partials[1]) < 1e-9

# %% [markdown]
# ## Every operator is one node
#
# Our formula takes a `Value` as readily as a float: it is the same Python function. Count the operators in `3 * x * x - 4 * x + 5`: there are five, so the graph has five computed nodes. The numbers 3, 4 and 5, which stand in the formula itself, are *constants*; they are drawn in grey with dashed lines, for nobody will nudge them.

# %%
x = Value(3.0, label="x")
y = f(x)
y.label = "y"
nodes, edges = trace(y)
computed = [node for node in nodes if node.parents]
print(len(computed), "operators,", len(nodes), "nodes,", len(edges), "edges")

assert y.data == f(3.0) == 20.0
assert (len(computed), len(nodes), len(edges)) == (5, 9, 10)

# %%
draw(y)

# %% [markdown]
# Three arrows leave the box of `x`, because the formula uses `x` three times. It is one variable all the same, and so it is one box. Keep this in mind: in the next chapter it explains why gradients add up.
#
# The smallest case of reuse is a square. `x * x` has two operands that happen to be the same node, so there are two edges, each with the partial 3. `x**2` is another operation: one edge, with the partial $2x = 6$.

# %%
square = x * x
power = x**2
print("x * x:", square.data, "with partials", square.partials)
print("x**2: ", power.data, "with the partial by x", power.partials[0])

assert square.parents[0] is x
assert square.parents[1] is x
assert square.partials == (3.0, 3.0)
assert sum(square.partials) == power.partials[0] == 6.0

# %%
draw(square)

# %%
draw(power)

# %% [markdown]
# Different graphs, the same slope: $3 + 3 = 6$. That is no accident.
#
# ## The table of derivatives
#
# Where do the partials come from? From a table that has one row for each operation: its symbol, its value, and its local partials. Nothing else in this library knows a derivative. `print(rules.table())` shows every row; here are the best known ones.

# %%
known = ["+", "-", "*", "/", "**", "exp", "log", "sqrt", "sin", "tanh", "sigmoid", "relu", "dot"]
heading, *lines = rules.table().splitlines()
chosen = [line for line in lines if line.split()[0] in known]
print("\n".join(line[:100].rstrip() for line in [heading, *chosen]))

assert len(chosen) == len(known)
assert len(lines) == len(rules.TABLE)

# %% [markdown]
# Square brackets are worth 1 where the condition in them holds and 0 where it does not, so $[x > 0]$ is the slope of `relu`.
#
# This text is no second copy of the table that somebody typed for the reader. A row consists of two small Python functions, and we may put in what we like. Numbers give a number: that is how a node finds its partials. Symbols give a formula: the same functions, read as text.

# %%
z = Value(0.5, label="z")
by_numbers = rules.TANH.partials(math.tanh(0.5), 0.5)
value, by_symbols = rules.symbolic(rules.TANH, "z")
print("with z = 0.5:", by_numbers[0])
print("with symbols:", by_symbols[0])

assert tanh(z).partials == by_numbers
assert str(by_symbols[0]) == "1 - tanh(z)**2"
assert math.isclose(by_numbers[0], 1 - math.tanh(0.5) ** 2)

# %% [markdown]
# The symbols write LaTeX as well, so a row can also be read as a textbook prints it.

# %%
equations = []
for rule in [rules.MUL, rules.POW, rules.SQRT, rules.LOG, rules.TANH]:
    value, partials = rules.symbolic(rule)
    for operand, partial in zip(rule.operand_names, partials, strict=True):
        derivative = rf"\frac{{\partial}}{{\partial {operand}}} \left[ {value.latex} \right]"
        equations.append(rf"{derivative} &= {partial.latex}")

assert len(equations) == 7
Math(r"\begin{aligned}" + r" \\[4pt] ".join(equations) + r"\end{aligned}")

# %% [markdown]
# ## At the corners
#
# Some operations do not have a value everywhere, or no slope. What then? A wrong number that travels on in silence is the worst of answers: it surfaces much later, far from its cause. So an operation outside its domain raises the exception that Python's own floats raise, on the line that is wrong, and says what it was given and what it expected.

# %%
x = Value(2.0, label="x")
try:
    y = log(x - 3)
except ValueError as error:
    complaint = str(error)
print("ValueError:", complaint)

assert complaint == "log: x = -1.0 is outside the domain x > 0"

# %%
try:
    y = exp(1000 * x)
except OverflowError as error:
    complaint = str(error)
print("OverflowError:", complaint)

assert complaint == "exp: the result for x = 2000.0 is too large for a float (about 1.8e308)"

# %% [markdown]
# Elsewhere there is a value but the slope is special. The square root starts vertically, so at 0 its slope is infinite. The absolute value has a kink at 0, where slopes from $-1$ to $1$ would all fit; the choice is a convention, and here it is 0, as for `relu`.

# %%
zero = Value(0.0)
print("sqrt at 0 has the slope", zero.sqrt().partials[0])
print("abs at 0 has the slope ", abs(zero).partials[0])

assert zero.sqrt().partials == (math.inf,)
assert abs(zero).partials == zero.relu().partials == (0.0,)

# %% [markdown]
# Where you would rather have infinities than exceptions, say so, and for how long:

# %%
with ieee():
    bottom = log(zero)
print("log at 0:", bottom.data, "with the slope", bottom.partials[0])

assert bottom.data == -math.inf
assert bottom.partials == (math.inf,)

# %% [markdown]
# One more wrong answer is refused. `math.log` from Python's library would turn a `Value` into a plain float, and the memory would be gone without a word. It is an error instead.

# %%
try:
    math.log(x)
except TypeError as error:
    refusal = str(error)
print("TypeError:", refusal)

assert "Value" in refusal

# %% [markdown]
# ## What it does not do
#
# - **The graph is a record, not a spreadsheet.** `y` was computed from the `x` of that moment. Change `x.data` afterwards, and neither the value nor the partials of `y` follow; compute `y` again instead.
# - **The graph knows the way that was taken.** If your function says `if x > 0`, only the branch that ran is recorded, and its slopes are those of that branch.
# - **Everything is a single number.** A picture of a thousand pixels is a thousand nodes. That is what makes every step visible, and it has its price in time and memory.

# %%
x = Value(3.0)
y = f(x)
x.data = 100.0
print("x is now", x.data, "and y is still", y.data)

assert y.data == 20.0
assert f(x).data == f(100.0)

# %% [markdown]
# ## What to try next
#
# 1. The *central difference* $\frac{f(x + h) - f(x - h)}{2h}$ is a better measurement. Add its error to the picture above, with `math.sin` at 1 as the function (its slope is `math.cos(1)`). Which step is best, and how many digits does it give?
# 2. Draw `x**3` and `x * x * x`. How many nodes and edges has each? Multiply the numbers along each way from `x` to the result in the second picture, and add up the ways. What do you get?
# 3. Find a formula whose value exists at $x = 0$ and one of whose edges carries an infinite partial there. What would you like the slope of the whole to be?
# 4. Build `((a * b + c) * a).exp()` with numbers of your own, and predict every ∂ before you draw it.
#
# One thing cannot wait for the next chapter. The slope that we tried to measure, exactly:

# %%
x = Value(3.0, label="x")
y = f(x)
y.backward()
print("dy/dx =", x.grad)

assert x.grad == 14.0
