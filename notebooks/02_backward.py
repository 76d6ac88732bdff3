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
# # 2. Backward
#
# **Question.** Here is the smallest neuron that deserves the name: two inputs $x_1, x_2$, a weight for each, a bias $b$, and a curve that keeps the result between $-1$ and $1$.
#
# $$o = \tanh(x_1 w_1 + x_2 w_2 + b)$$
#
# Five numbers go in. How does $o$ answer to each of them? Chapter 1 could measure it, one number at a time. Now we compute all five answers in one go, first by hand, one node after the other, and then with one call. On the way we meet the three questions that everybody asks: why gradients add up, why there must be an order, and why you have to set them back to zero.

# %%
import math
import random

import matplotlib.pyplot as plt

import nn
from autograd import Value, animate, draw, explain, gradcheck, primitive, tanh
from autograd.graph import order, sweep

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4.5), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# The neuron is written in steps, so that every intermediate result has a label. The odd bias makes the numbers come out round.

# %%
x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
b = Value(6.8813735870195432, label="b")

x1w1, x2w2 = x1 * w1, x2 * w2
x1w1.label, x2w2.label = "x1 w1", "x2 w2"
both = x1w1 + x2w2
both.label = "both"
n = both + b
n.label = "n"
o = tanh(n)
o.label = "o"

assert math.isclose(n.data, 0.8813735870195432)
assert math.isclose(o.data, math.sqrt(0.5))

# %%
draw(o, rankdir="TB")

# %% [markdown]
# The leaves stand at the top and the root at the bottom (`rankdir="TB"`), so that the picture fits the page. Every ∂ stands where chapter 1 left it: each operation knows how its result answers to each operand. Every `grad` is still a dash.
#
# ## The chain rule, one node at a time
#
# **Convention.** The *gradient* of a node $v$, kept in `v.grad`, is $\frac{\partial o}{\partial v}$: how the root $o$ at the far end answers to a nudge of $v$. The list of the gradients of all leaves is the gradient of $o$.
#
# How does $o$ answer to itself? One for one. So we begin at the end, with 1.

# %%
o.grad = 1.0

# %% [markdown]
# Now one step back. A nudge of $n$ moves $o$ by $\frac{\partial o}{\partial n}$ times as much, which is the number on the arrow between them. For any arrow from an operand $p$ to a result $v$ the *chain rule* says
#
# $$\frac{\partial o}{\partial p} = \frac{\partial v}{\partial p} \cdot \frac{\partial o}{\partial v} \qquad \text{the operand's gradient} = \text{the number on the arrow} \times \text{the result's gradient}$$
#
# If $v$ moves 3 steps for each step of $p$, and $o$ moves half a step for each step of $v$, then $o$ moves one and a half steps for each step of $p$. `_backward()` applies this to all operands of one node.

# %%
o._backward()
print(f"do/dn = {n.grad:.4f}")

assert math.isclose(n.grad, 1 - o.data**2)
assert math.isclose(n.grad, 0.5)

# %% [markdown]
# The slope of tanh is $1 - \tanh^2$, and with $o^2 = \frac12$ that is one half. Next come two sums. The arrows of a sum carry 1, so a sum hands its gradient on unchanged to everything it adds up.

# %%
n._backward()
both._backward()
for node in [b, both, x1w1, x2w2]:
    print(f"{node.label:>5}: {node.grad:.4f}")

assert b.grad == both.grad == x1w1.grad == x2w2.grad == n.grad

# %% [markdown]
# Last come the two products. An arrow into a product carries *the other* factor.

# %%
x1w1._backward()
x2w2._backward()
for leaf in [x1, w1, x2, w2, b]:
    print(f"do/d{leaf.label:<2} = {leaf.grad:+.4f}")

assert math.isclose(x1.grad, w1.data * 0.5)
assert math.isclose(w1.grad, x1.data * 0.5)
assert math.isclose(x2.grad, w2.data * 0.5)
assert w2.grad == x2.data * 0.5 == 0.0

# %%
draw(o, rankdir="TB")

# %% [markdown]
# This was the whole algorithm. Look at the picture as a teacher would:
#
# - **The sign says which way.** $x_1$ has the gradient $-1.5$: increase it, and $o$ falls. Everything else pushes $o$ up, or does nothing.
# - **The size says how much.** Boxes with a larger gradient have a thicker frame and a deeper tint.
# - **Zero is an answer.** $w_2$ is multiplied by $x_2 = 0$. However you turn this weight, nothing moves, as long as $x_2$ is 0.
# - **A gradient is the product along the way.** From $x_1$ to $o$ the arrows carry $-3$, $1$, $1$ and $0.5$.

# %%
along_the_way = x1w1.partials[0] * both.partials[0] * n.partials[0] * o.partials[0]
print("product along the way from x1 to o:", round(along_the_way, 12))

assert math.isclose(along_the_way, x1.grad)
assert math.isclose(x1.grad, -1.5)

# %% [markdown]
# `explain` writes such a product down for any graph, the symbols first and the numbers beside them.

# %%
explain(o, wrt=x1)

# %% [markdown]
# ## One sweep
#
# By hand we had to think about whose turn it is: a node may hand its gradient on only when it has it. `order` lists the nodes such that operands come before results. Read it backwards, and results come before operands.

# %%
print("order:   ", ", ".join(node.label for node in order(o)))
print("backward:", ", ".join(node.label for node in reversed(order(o))))

place = {node: position for position, node in enumerate(order(o))}
assert all(place[operand] < place[node] for node in order(o) for operand in node.parents)

# %% [markdown]
# The *backward sweep* visits the nodes in this order and applies the chain rule at each. We forget all gradients and sweep.

# %%
for node in order(o):
    node.grad = 0.0

o.grad = 1.0
sweep(reversed(order(o)))
print([round(leaf.grad, 12) for leaf in (x1, w1, x2, w2, b)])

assert math.isclose(x1.grad, -1.5)
assert math.isclose(w1.grad, 1.0)
assert math.isclose(x2.grad, 0.5)
assert w2.grad == 0.0

# %% [markdown]
# `backward()` is these two lines: put 1 at the root, sweep.

# %%
for node in order(o):
    node.grad = 0.0

o.backward()
print([round(leaf.grad, 12) for leaf in (x1, w1, x2, w2, b)])

assert [round(leaf.grad, 12) for leaf in (x1, w1, x2, w2, b)] == [-1.5, 1.0, 0.5, 0.0, 0.5]

# %% [markdown]
# Each node was visited once and each arrow used once. So all the slopes together cost about as much as computing the formula, whether five numbers go in or a million.
#
# Watch the sweep: the formula is worked out from the leaves to the root, then the gradients come back. Use the buttons, the slider or the arrow keys. (Chapter 8 says more about this page.)

# %%
animate(o)

# %% [markdown]
# ## Do small steps agree?
#
# Trust it after measuring. The same neuron as a plain function, and a small step up and down for each of the five numbers in turn:


# %%
def neuron(x1, w1, x2, w2, b):
    return tanh(x1 * w1 + x2 * w2 + b)


point = [leaf.data for leaf in (x1, w1, x2, w2, b)]
h = 1e-5
for k, leaf in enumerate([x1, w1, x2, w2, b]):
    up, down = list(point), list(point)
    up[k] += h
    down[k] -= h
    measured = (neuron(*up) - neuron(*down)) / (2 * h)
    print(f"{leaf.label:>2}:  measured {measured:+.8f}   backward {leaf.grad:+.8f}")
    assert abs(measured - leaf.grad) < 1e-8

# %% [markdown]
# `gradcheck` does the same with more care about the size of the step, and tells where the two differ, if they do.

# %%
assert gradcheck(neuron, *point)

# %% [markdown]
# A check is worth something only if it can fail. Here is the cube of a number with a derivative that somebody got wrong: $2x^2$ in place of $3x^2$. (`primitive` makes an operation from a function and its partials.)


# %%
@primitive(lambda _, x: (2 * x * x,))
def cube(x):
    return x * x * x


try:
    gradcheck(cube, 2.0)
except AssertionError as error:
    complaint = str(error)
print(complaint.replace(": got", ":\n    got"))

assert "got 8.0, expected 11.99" in complaint

# %% [markdown]
# ## Why gradients add up
#
# In the neuron every number was used once. When a number is used twice, there are two ways from it to the root, and a nudge travels along both. In
#
# $$f = (a \cdot b) \cdot (a + b)$$
#
# both $a$ and $b$ take part in the product and in the sum.

# %%
a, b = Value(-2.0, label="a"), Value(3.0, label="b")
d, e = a * b, a + b
d.label, e.label = "d", "e"
f = d * e
f.label = "f"
f.backward()
print("df/da =", a.grad, "  df/db =", b.grad)

assert (a.grad, b.grad) == (-3.0, -8.0)

# %%
draw(f)

# %% [markdown]
# From $a$ one way leads through $d$, with $3 \cdot 1 = 3$, and one through $e$, with $1 \cdot (-6) = -6$. Together they make $-3$. In general the gradient of a node is **the sum over all ways to the root of the product along each way**. The sweep adds up this sum as it goes: that is why it says `+=` and not `=`.

# %%
through_d = d.partials[0] * f.partials[0]
through_e = e.partials[0] * f.partials[1]
print(through_d, "+", through_e, "=", through_d + through_e)

assert (through_d, through_e) == (3.0, -6.0)
assert through_d + through_e == a.grad

# %% [markdown]
# With `=` the last way would win and the others would be lost. The smallest example is $a + a$, where the slope is 2 and `=` finds 1.

# %%
a = Value(3.0, label="a")
twice = a + a
overwritten = 0.0
added_up = 0.0
for partial in twice.partials:
    overwritten = partial * 1.0
    added_up += partial * 1.0
twice.backward()
print("with =:", overwritten, "  with +=:", added_up, "  backward:", a.grad)

assert overwritten == 1.0
assert added_up == a.grad == 2.0

# %% [markdown]
# ## Why an order?
#
# Why not simply walk: start at the root, follow each arrow back, hand the gradient on, and go on from there? Many people write their first engine in this way, and it answers correctly for the neuron. Let us build it, too impatient to make a list first, and give it a graph of three nodes.

# %%
a = Value(3.0, label="a")
b = a + a
b.label = "b"
c = b + b
c.label = "c"
draw(c)

# %% [markdown]
# Since $c = 2b = 4a$, the slope of $c$ by $a$ is 4.


# %%
def impatient(node):
    for operand, partial in zip(node.parents, node.partials, strict=True):
        carried = partial * node.grad
        operand.grad += carried
        print(f"{node.label} hands {carried:g} to {operand.label}, which now has {operand.grad:g}")
        impatient(operand)


c.grad = 1.0
impatient(c)
wrong = a.grad
print("the impatient walk says dc/da =", wrong)

assert wrong == 6.0

# %% [markdown]
# It says 6. Read the lines to see why. After the first line $b$ has only half of its gradient, the half that came along the first arrow. The walk does not know that more will come, and hands this half on to $a$ (lines 2 and 3). Then the second half arrives, and $b$ hands on its gradient of 2 (lines 5 and 6), *in which the first half is contained again*. So the first half is counted twice.
#
# The cure is to wait: **a node hands its gradient on only after every result that uses it has handed over its own.** An order in which results come before operands guarantees just that.

# %%
for node in (a, b, c):
    node.grad = 0.0

print("the order of the sweep:", ", ".join(node.label for node in reversed(order(c))))
c.backward()
print("backward says dc/da =", a.grad)

assert a.grad == 4.0
assert b.grad == 2.0
assert gradcheck(lambda a: (a + a) + (a + a), 3.0)

# %% [markdown]
# There is another cure: carry along only what has just arrived, not the whole gradient. That is right, but it walks every way from the root to the leaves separately, and ways multiply. In a chain of 30 doublings there are $2^{30}$, more than a thousand million. The sweep visits 31 nodes.

# %%
a = Value(1.0)
chain = a
for _ in range(30):
    chain = chain + chain
chain.backward()
print(len(order(chain)), "nodes,", f"{a.grad:,.0f} ways")

assert len(order(chain)) == 31
assert a.grad == 2.0**30

# %% [markdown]
# ## Backward twice
#
# **Convention.** *Gradients of computed nodes belong to one backward pass; gradients of leaves accumulate until somebody sets them to zero.* We call `backward()` on the neuron for a second time.

# %%
print("before:  w1", round(w1.grad, 12), "  n", round(n.grad, 12))
o.backward()
print("after:   w1", round(w1.grad, 12), "  n", round(n.grad, 12))

assert math.isclose(w1.grad, 2.0)
assert math.isclose(n.grad, 0.5)

# %% [markdown]
# The leaf $w_1$ has $1 + 1 = 2$; the node $n$ in between still has its 0.5. Why should leaves accumulate? Because several results may depend on the same weights: the errors of a network for ten pictures, say. Going backward from each of them in turn must leave the same gradient as going backward from their sum.

# %%
w = Value(2.0, label="w")
prediction = w * 1.5
first, second = (prediction - 1.0) ** 2, (prediction + 2.0) ** 2

first.backward()
second.backward()
one_by_one = w.grad

w.grad = 0.0
(first + second).backward()
print("one by one:", one_by_one, "  their sum:", w.grad)

assert one_by_one == w.grad == 21.0

# %% [markdown]
# ## Set them back to zero
#
# The price of accumulating: before you start on something new, the old gradients must go. Forgetting this is the most common mistake of all, and nothing crashes. Here gradient descent looks for the lowest point of $(w - 3)^2$: again and again $w$ takes a small step against its gradient. Once the gradient is set back before each step, once it is not.

# %%
paths = {}
for habit in ["set back to zero", "forgotten"]:
    w = Value(0.0, label="w")
    path = [w.data]
    for _ in range(40):
        if habit == "set back to zero":
            w.grad = 0.0
        ((w - 3) ** 2).backward()
        w.data -= 0.1 * w.grad
        path.append(w.data)
    paths[habit] = path

figure, axes = plt.subplots()
axes.axhline(3, color="0.6", linewidth=1)
axes.plot(paths["set back to zero"], "ko-", markersize=5, label="set back to zero")
axes.plot(paths["forgotten"], "k^--", markersize=5, fillstyle="none", linewidth=1, label="forgotten")
axes.set(xlabel="step", ylabel="w", ylim=(-0.5, 9))
axes.legend(frameon=False, loc="upper right", ncols=2)
plt.show()

assert abs(paths["set back to zero"][-1] - 3) < 0.001
assert max(paths["forgotten"][20:]) > 5.5

# %% [markdown]
# With fresh gradients $w$ settles at 3. With all the old gradients still in it, each step is pushed by everything that came before, and $w$ swings to and fro for ever.
#
# For one leaf, `w.grad = 0.0` is enough. A model, as in the next chapter, does it for all its parameters with `zero_grad()`.

# %%
model = nn.Neuron(2, activation="tanh", rng=random.Random(0))
model([2.0, 1.0]).backward()
print("after backward: ", [round(p.grad, 4) for p in model.parameters()])
model.zero_grad()
print("after zero_grad:", [p.grad for p in model.parameters()])

assert len(model.parameters()) == 3
assert all(p.grad == 0.0 for p in model.parameters())

# %% [markdown]
# ## What it does not do
#
# - **Backward is exact up to rounding, for what was computed.** At a kink (`relu` at 0) it answers with a convention, not with a truth. If you change `x.data` between forward and backward, the gradients are still those of the computation that took place.
# - **A gradient is a slope, not a forecast.** It speaks about small nudges. $w_2$ above has the gradient 0, and would matter at once if $x_2$ were not 0.
# - **The memory costs memory.** A graph lives for as long as you hold its root. Keep `loss.data` for your records, not `loss`.
# - **`grad` is a plain float.** It has no graph of its own. For derivatives of derivatives there is `grad(grad(f))`.

# %%
x = Value(3.0)
y = x * x
x.data = 100.0
y.backward()
print("slope of x * x, computed at 3, swept after x became 100:", x.grad)

assert x.grad == 6.0

# %% [markdown]
# ## What to try next
#
# 1. Give the neuron $x_2 = 0.5$, and predict all five gradients on paper before you let it run.
# 2. Change `impatient` so that it carries along only what has just arrived, and check that it answers 4. How long does it take for the chain of 20 doublings? Of 22, of 24?
# 3. What does the impatient walk make of `d = c + c`, one doubling more? Write down its lines before you run it.
# 4. Let `tanh` grow out of other operations, $\frac{e^{2n} - 1}{e^{2n} + 1}$, and compare the gradients of the leaves with those above. How many nodes has the graph now?
# 5. In the descent above, which step sizes in place of 0.1 still settle, and which is the largest that does? The slope of $(w-3)^2$ tells you.
