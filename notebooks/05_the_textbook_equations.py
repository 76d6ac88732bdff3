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
# # 5. The textbook equations
#
# **Question.** Three texts derive backpropagation by hand. Are their equations right?
#
# A proof convinces whoever can follow it. Numbers convince everybody else: compute both sides of an equation at twenty random points, with all the digits that a float has. If the sides agree to the last digits, the equation holds; if an index is wrong somewhere, they do not agree in the first. Each equation below is written as the text writes it, and the engine, which knows none of them, is the judge. Where a text has a slip, the wrong form is computed too, seen to fail, and mended.
#
# The texts, and what we call them here:
#
# - **Notes**: *Backpropagation notes*, which derive the four equations of Nielsen's book one component at a time.
# - **Guide**: Youssef Amayed, *A Guided Derivation of Backpropagation Algorithm*. Its sections have Roman numbers.
# - **Batch**: *Backpropagation, mathematical derivation* (woongjoonchoi.github.io), which treats all examples at once, as columns of a matrix.
#
# **Contents**
#
# 1. [The tools](#tools)
# 2. [Notes: the neuron and the layer](#layer)
# 3. [Notes: the cost and its two assumptions](#cost)
# 4. [Notes: δ, by a small change of z](#delta)
# 5. [Notes, equation (1): the error of the output layer](#one)
# 6. [Notes, equation (2): the error of any layer](#two)
# 7. [Notes, equation (3): the biases](#three)
# 8. [Notes, equation (4): the weights](#four)
# 9. [Guide, I to III: nested functions and gradient descent](#nested)
# 10. [Guide, IV.1: the shapes of derivatives, figure 7](#shapes)
# 11. [Guide, IV.2: the chain rule for vectors and matrices](#chain)
# 12. [Guide, IV.3: the recursion](#recursion)
# 13. [Guide, IV.4: the sigmoid network](#sigmoid)
# 14. [Batch: all examples at once](#batch)
# 15. [Every equation, with its error](#summary)
#
# You need chapters 1 to 3, and some patience with indices.

# %%
import math
import random
from functools import partial
from operator import mul, sub

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import (
    Value,
    dot,
    elementwise,
    grad,
    gradients,
    jacobian,
    jvp,
    log_softmax,
    matmul,
    matvec,
    outer,
    sigmoid,
    softmax,
    transpose,
    verify,
)
from autograd.functions import shape

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4.5), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# <a id="tools"></a>
#
# ## 1. The tools
#
# **Conventions.** Layers are numbered $l = 1, \dots, L$; the input is $a^0 = x$ and $L = 3$. $w^l_{jk}$ is the weight *to* neuron $j$ of layer $l$ *from* neuron $k$ of layer $l - 1$. The texts count neurons from 1, Python counts from 0. $\sigma$ is the sigmoid, $\sigma' = \sigma(1 - \sigma)$ its slope. The product of two vectors element by element is written $\circ$ in the Notes and $\odot$ in the Guide; we write `hadamard`. A gradient has the shape of its variable. A Jacobian $\partial y / \partial x$ has a row for each $y_i$ and a column for each $x_j$.
#
# In the code `W[l]`, `b[l]`, `z[l]` and `a[l]` are what the texts call $W^l$, $b^l$, $z^l$ and $a^l$. No two neighbouring layers are equally wide, so that a transposed matrix cannot pass by accident: the network is 3-4-3-2.

# %%
SIZES = {0: 3, 1: 4, 2: 3, 3: 2}
L = 3


def random_network(rng):
    W = {l: [[rng.gauss(0, 1) for _ in range(SIZES[l - 1])] for _ in range(SIZES[l])] for l in (1, 2, 3)}
    b = {l: [rng.gauss(0, 1) for _ in range(SIZES[l])] for l in (1, 2, 3)}
    x = [rng.gauss(0, 1) for _ in range(SIZES[0])]
    y = [rng.random() for _ in range(SIZES[L])]
    return W, b, x, y


def forward(W, b, x):
    z, a = {}, {0: x}
    for l in W:
        z[l] = matvec(W[l], a[l - 1], b[l])
        a[l] = elementwise(sigmoid, z[l])
    return z, a


def half_square(a, y):
    difference = elementwise(sub, a, y)
    return 0.5 * dot(difference, difference)


def cost(W, b, x, y):
    return half_square(forward(W, b, x)[1][L], y)


def hadamard(u, v):
    return elementwise(mul, u, v)


def slope(z):
    return [sigmoid(z_j) * (1 - sigmoid(z_j)) for z_j in z]


W, b, x, y = random_network(random.Random(44))
z, a = forward(W, b, x)
print("output", a[L], "target", y, "cost", cost(W, b, x, y))

assert [shape(W[l]) for l in (1, 2, 3)] == [(4, 3), (3, 4), (2, 3)]

# %% [markdown]
# The judge is `verify`. It takes, for each equation, two functions of the same arguments: what is claimed, and what is right. It draws twenty random networks, computes both, and reports the point where they are furthest apart. The error is measured by the largest of the right numbers; a float carries about $10^{-16}$, and we ask for $10^{-13}$. A first try with two claims, of which the second is wrong on purpose:

# %%
DIGITS = 1e-13
report = verify(
    {
        "Guide IV.4: sigma' = sigma (1 - sigma)": (lambda z: sigmoid(z) * (1 - sigmoid(z)), grad(sigmoid)),
        "sigma' = sigma (1 + sigma)": (lambda z: sigmoid(z) * (1 + sigmoid(z)), grad(sigmoid)),
    },
    at=lambda rng: (rng.gauss(0, 2),),
    rtol=DIGITS,
)
print(report)

correct, wrong = report
assert correct.holds
assert not wrong.holds

# %% [markdown]
# (Even the true one is off by many units in the last place where $\sigma$ is close to 1: $1 - \sigma$ cancels most of the digits there. The engine computes the slope in another way, and keeps them.)
#
# We collect the equations, and the slips with their mended forms, for the tables at the end.

# %%
equations, slips = [correct], []


def collect(report):
    for claim in report:
        print(f"{claim.equation:52} off by {claim.relative:.0e}, {claim.ulps:.0f} ulp")
    equations.extend(report)


def collect_slip(name, wrong, mended):
    print(f"as printed: wrong by {wrong.relative:.0%} of the largest number; mended: {mended.relative:.0e}")
    slips.append((name, wrong, mended))


# %% [markdown]
# <a id="layer"></a>
#
# ## 2. Notes: the neuron and the layer
#
# $$a^l_j = \sigma\Bigl(\sum_k w^l_{jk}\, a^{l-1}_k + b^l_j\Bigr) \qquad\qquad a^l = \sigma(w^l a^{l-1} + b^l) \qquad\qquad z^l = w^l a^{l-1} + b^l$$
#
# One component at a time on the left, the whole layer as a matrix on the right. Neither knows of the other, and the library's own network `nn.MLP`, given the same weights, is the third opinion.


# %%
def as_mlp(W, b):
    model = nn.MLP(SIZES[0], [SIZES[1], SIZES[2], SIZES[3]], activation="sigmoid", output="sigmoid")
    for l, layer in enumerate(model.layers, start=1):
        for neuron, weights, bias in zip(layer.neurons, W[l], b[l], strict=True):
            neuron.w, neuron.b = elementwise(Value, weights), Value(bias)
    return model


def by_components(W, b, x, _):
    a = {0: x}
    for l in (1, 2, 3):
        a[l] = []
        for j in range(SIZES[l]):
            z_j = sum(W[l][j][k] * a[l - 1][k] for k in range(SIZES[l - 1])) + b[l][j]
            a[l].append(1 / (1 + math.exp(-z_j)))
    return a[L]


report = verify(
    {
        "Notes: a_j = sigma(sum_k w_jk a_k + b_j)": (by_components, lambda W, b, x, _: as_mlp(W, b)(x)),
        "Notes: a = sigma(W a + b)": (lambda W, b, x, _: forward(W, b, x)[1][L], lambda W, b, x, _: as_mlp(W, b)(x)),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **Slip: the sum over $a^l_j$.** The Notes print $a^l_j = \sigma(\sum_k w^l_{jk}\, a^l_j + b^l_j)$. Then $a^l_j$ stands on both sides, and nothing inside the sum but the weight depends on $k$. If it were an equation, the right activation put into the right side would come out again. It does not.


# %%
def slipped(W, b, x, _):
    _, a = forward(W, b, x)
    return [sigmoid(sum(W[L][j][k] * a[L][j] for k in range(SIZES[L - 1])) + b[L][j]) for j in range(SIZES[L])]


def mended(W, b, x, _):
    _, a = forward(W, b, x)
    return [sigmoid(sum(W[L][j][k] * a[L - 1][k] for k in range(SIZES[L - 1])) + b[L][j]) for j in range(SIZES[L])]


def right(W, b, x, _):
    return as_mlp(W, b)(x)


wrong, good = verify(
    {"a_j^l in the sum": (slipped, right), "a_k^(l-1)": (mended, right)}, at=random_network, rtol=DIGITS
)
collect_slip("Notes: sum over a_j^l instead of a_k^(l-1)", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# **Slip: $z^l_j = (w^l_j)^T a^{l-1}_j + b^l_j$.** A row of weights times *one* activation. Where the layer is wider than the one before, the last neurons find no activation of their number at all. Elsewhere the product of a vector and a number is a vector, and even if it is added up, the result is another one. The row needs the whole vector $a^{l-1}$.

# %%
widest = SIZES[1] - 1
try:
    a[0][widest]
except IndexError as error:
    print(f"neuron {widest + 1} of layer 1 wants a_{widest + 1} of a layer of {SIZES[0]}: {error}")
    missing = True

assert missing


def slipped(W, b, x, _):
    _, a = forward(W, b, x)
    return [sum(w_jk * a[1][j] for w_jk in W[2][j]) + b[2][j] for j in range(SIZES[2])]


def mended(W, b, x, _):
    _, a = forward(W, b, x)
    return [dot(W[2][j], a[1], b[2][j]) for j in range(SIZES[2])]


def right(W, b, x, _):
    *first, last = as_mlp(W, b).layers[1](forward(W, b, x)[1][1])
    return [a_j.parents[0] for a_j in (*first, last)]


wrong, good = verify({"w_j a_j": (slipped, right), "w_j . a": (mended, right)}, at=random_network, rtol=DIGITS)
collect_slip("Notes: z_j from a_j^(l-1) instead of a^(l-1)", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# <a id="cost"></a>
#
# ## 3. Notes: the cost and its two assumptions
#
# $$C = \frac1n \sum_x C_x \qquad\qquad C_x = \tfrac12 \lVert y(x) - a^L(x) \rVert^2 \qquad\qquad \frac{\partial C_x}{\partial a^L_j} = a^L_j - y_j$$
#
# **First assumption:** the cost is a mean over the examples. Then the gradient of the mean is the mean of the gradients, so backpropagation may take one example at a time.


# %%
def draw_examples(rng):
    W, b, _, _ = random_network(rng)
    examples = [random_network(rng)[2:] for _ in range(3)]
    return W, b, [x for x, _ in examples], [y for _, y in examples]


def costs(W, b, X, Y):
    return [cost(W, b, x, y) for x, y in zip(X, Y, strict=True)]


def mean_of_gradients(W, b, X, Y):
    each = [grad(cost)(W, b, x, y) for x, y in zip(X, Y, strict=True)]
    return {l: elementwise(lambda *g: sum(g) / len(g), *[gradient[l] for gradient in each]) for l in W}


def mean_cost(W, b, X, Y):
    return sum(costs(W, b, X, Y)) / len(X)


report = verify(
    {
        "Notes: dC/da_j = a_j - y_j": (lambda a, y: elementwise(sub, a, y), grad(half_square)),
        "Notes: C_x = 1/2 ||y - a||^2": (lambda a, y: math.dist(a, y) ** 2 / 2, half_square),
    },
    at=([0.3, 0.8, 0.1], [0.0, 1.0, 0.0]),
    rtol=DIGITS,
)
collect(report)

assert report

report = verify(
    {"Notes: the gradient of 1/n sum C_x": (mean_of_gradients, grad(mean_cost))}, at=draw_examples, rtol=DIGITS
)
collect(report)

assert report

# %% [markdown]
# Is it a real assumption, or does it always hold? Judge a network by its *worst* example instead, and the mean of the gradients is the gradient of something else.


# %%
def worst_cost(W, b, X, Y):
    return max(costs(W, b, X, Y))


(claim,) = verify({"max": (mean_of_gradients, grad(worst_cost))}, at=draw_examples)
print(f"a cost that is no mean: wrong by {claim.relative:.0%}")

assert not claim.holds

# %% [markdown]
# **Second assumption:** the cost is a function of the outputs $a^L$ alone (the target $y$ is a constant). A cost that also charges for the weights, $C + \frac\lambda2 \sum w^2$ (weight decay), is none, and equation (4) below misses the term $\lambda w$. That term must be added by hand, or by an engine that does not rely on the assumption.


# %%
def decayed(W, b, x, y):
    squares = [w * w for l in W for row in W[l] for w in row]
    return cost(W, b, x, y) + 0.05 * sum(squares)


def plus_decay(W, b, x, y):
    gradient = grad(cost)(W, b, x, y)
    return {l: elementwise(lambda g, w: g + 0.1 * w, gradient[l], W[l]) for l in W}


without, with_it = verify(
    {"backpropagation alone": (grad(cost), grad(decayed)), "and lambda w": (plus_decay, grad(decayed))},
    at=random_network,
    rtol=DIGITS,
)
print(f"weight decay: wrong by {without.relative:.0%} without the term lambda w, by {with_it.relative:.0e} with it")

assert not without.holds
assert with_it.holds

# %% [markdown]
# <a id="delta"></a>
#
# ## 4. Notes: δ, by a small change of z
#
# Change the weighted input of one neuron from $z^l_j$ to $z^l_j + \Delta z^l_j$. The cost changes by about $\frac{\partial C}{\partial z^l_j} \Delta z^l_j$, and this slope is called the *error* of the neuron:
#
# $$\delta^l_j = \frac{\partial C}{\partial z^l_j}$$
#
# To see it we need the cost as a function of $z^l$: the rest of the network, from layer $l$ on.


# %%
def cost_from(l, z_l, W, b, y):
    a = elementwise(sigmoid, z_l)
    for m in range(l + 1, L + 1):
        a = elementwise(sigmoid, matvec(W[m], a, b[m]))
    return half_square(a, y)


def cost_after_change(change, l=2, j=1):
    return cost_from(l, [z_j + change * (i == j) for i, z_j in enumerate(z[l])], W, b, y)


error = grad(cost_after_change)(0.0)
changes = [k / 20 for k in range(-60, 61)]

figure, axes = plt.subplots()
axes.plot(changes, [cost_after_change(change) for change in changes], "k-", label="cost")
line = [cost_after_change(0.0) + error * change for change in (-1.5, 1.5)]
axes.plot([-1.5, 1.5], line, "k--", linewidth=1.5, label=rf"slope $\delta_2^2$ = {error:.4f}")
axes.plot(0, cost_after_change(0.0), "ko", markersize=8)
axes.set(xlabel=r"change of $z_2^2$", ylabel="cost")
axes.legend(frameon=False)
plt.show()

h = 1e-5
measured = (cost_after_change(h) - cost_after_change(-h)) / (2 * h)
print(f"delta = {error:.12f}, measured with a small change {measured:.12f}")

assert abs(measured - error) < 1e-10

# %% [markdown]
# The engine need not cut the network open. Every $z^l_j$ is a node of the graph, and its gradient is there for the asking: one backward sweep has the errors of all layers.


# %%
def recorded(W, b, x, y):
    z, a = forward({l: elementwise(Value, W[l]) for l in W}, b, x)
    return z, a, half_square(a[L], y)


def errors(W, b, x, y):
    z, _, C = recorded(W, b, x, y)
    return {l: gradients(C, z[l]) for l in z}


def errors_from_the_rest(W, b, x, y):
    z, _ = forward(W, b, x)
    return {l: grad(cost_from, argnums=1)(l, z[l], W, b, y) for l in z}


report = verify({"Notes: delta = dC/dz": (errors_from_the_rest, errors)}, at=random_network, rtol=DIGITS)
collect(report)

assert report

# %% [markdown]
# <a id="one"></a>
#
# ## 5. Notes, equation (1): the error of the output layer
#
# $$\delta^L_j = \frac{\partial C}{\partial a^L_j}\,\sigma'(z^L_j) \qquad\qquad \delta^L = \nabla_a C \circ \sigma'(z^L) \qquad\qquad \delta^L = (a^L - y) \circ \sigma'(z^L)$$
#
# by components, as vectors, and for the quadratic cost.


# %%
def one_by_components(W, b, x, y):
    z, a = forward(W, b, x)
    return [(a[L][j] - y[j]) * sigmoid(z[L][j]) * (1 - sigmoid(z[L][j])) for j in range(SIZES[L])]


def one(W, b, x, y):
    z, a = forward(W, b, x)
    return hadamard(grad(half_square)(a[L], y), slope(z[L]))


def one_quadratic(W, b, x, y):
    z, a = forward(W, b, x)
    return hadamard(elementwise(sub, a[L], y), slope(z[L]))


def output_error(W, b, x, y):
    return errors(W, b, x, y)[L]


report = verify(
    {
        "Notes (1), components": (one_by_components, output_error),
        "Notes (1), vectors": (one, output_error),
        "Notes (1), quadratic cost": (one_quadratic, output_error),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **Slip: the vector $\nabla_a$.** The Notes list its elements as $\partial/\partial a_1, \partial/\partial a_1, \dots, \partial/\partial a_j, \dots$: the first twice, the second never.


# %%
def slipped(W, b, x, y):
    z, a = forward(W, b, x)
    nabla = grad(half_square)(a[L], y)
    nabla[1] = nabla[0]
    return hadamard(nabla, slope(z[L]))


wrong, good = verify(
    {"d/da_1 twice": (slipped, output_error), "mended": (one, output_error)}, at=random_network, rtol=DIGITS
)
collect_slip("Notes: nabla_a lists d/da_1 twice", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# <a id="two"></a>
#
# ## 6. Notes, equation (2): the error of any layer
#
# From the error of layer $l + 1$ to that of layer $l$. The Notes go through $\frac{\partial z^{l+1}_j}{\partial a^l_k} = w^{l+1}_{jk}$ and $\frac{\partial C}{\partial a^l_k} = \sum_m w^{l+1}_{mk}\, \delta^{l+1}_m$, and arrive at
#
# $$\delta^l_k = \Bigl(\sum_m w^{l+1}_{mk}\, \delta^{l+1}_m\Bigr)\,\sigma'(z^l_k) \qquad\qquad \delta^l = \bigl((w^{l+1})^T \delta^{l+1}\bigr) \circ \sigma'(z^l)$$
#
# We hand in the right $\delta^{l+1}$ and ask for $\delta^l$, for both hidden layers.


# %%
def z_by_a(W, b, x, _):
    _, a = forward(W, b, x)
    return [jacobian(matvec, argnums=1)(W[l + 1], a[l], b[l + 1]) for l in (1, 2)]


def cost_by_a(W, b, x, y):
    _, a, C = recorded(W, b, x, y)
    return [gradients(C, a[l]) for l in (1, 2)]


def sum_of_errors(W, b, x, y):
    delta = errors(W, b, x, y)
    return [
        [sum(W[l + 1][m][k] * delta[l + 1][m] for m in range(SIZES[l + 1])) for k in range(SIZES[l])] for l in (1, 2)
    ]


def two_by_components(W, b, x, y):
    z, _ = forward(W, b, x)
    by_a = sum_of_errors(W, b, x, y)
    return [[by_a[l - 1][k] * slope(z[l])[k] for k in range(SIZES[l])] for l in (1, 2)]


def two(W, b, x, y):
    z, _ = forward(W, b, x)
    delta = errors(W, b, x, y)
    return [hadamard(matvec(transpose(W[l + 1]), delta[l + 1]), slope(z[l])) for l in (1, 2)]


def hidden_errors(W, b, x, y):
    delta = errors(W, b, x, y)
    return [delta[1], delta[2]]


report = verify(
    {
        "Notes (2): dz_j/da_k = w_jk": (lambda W, *_: [W[2], W[3]], z_by_a),
        "Notes (2): dC/da_k = sum_m w_mk delta_m": (sum_of_errors, cost_by_a),
        "Notes (2), components": (two_by_components, hidden_errors),
        "Notes (2), matrix": (two, hidden_errors),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **Slip: the last row.** Written out row by row, the vector $\delta^l$ of the Notes has $\sigma'(z^l_k)$ in row $k$, and again $\sigma'(z^l_k)$ in the last row, $m$. There it should be $\sigma'(z^l_m)$. We take $k$ to be the row before the last.


# %%
def slipped(W, b, x, y):
    z, _ = forward(W, b, x)
    by_a = sum_of_errors(W, b, x, y)
    slopes = [slope(z[1]), slope(z[2])]
    for of_layer in slopes:
        of_layer[-1] = of_layer[-2]
    return elementwise(mul, by_a[0], slopes[0]), elementwise(mul, by_a[1], slopes[1])


wrong, good = verify(
    {"sigma'(z_k) in row m": (slipped, hidden_errors), "mended": (two_by_components, hidden_errors)},
    at=random_network,
    rtol=DIGITS,
)
collect_slip("Notes (2): sigma'(z_k) in the last row", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# <a id="three"></a>
#
# ## 7. Notes, equation (3): the biases
#
# $$\frac{\partial C}{\partial b^l_j} = \frac{\partial C}{\partial z^l_j}\,\frac{\partial z^l_j}{\partial b^l_j} = \delta^l_j$$
#
# A change of $b_j$ is a change of $z_j$, one for one, and no other $z$ feels it. As vectors: $\partial z / \partial b$ is the identity matrix (Guide, IV.4), so $\partial C / \partial b^l = \delta^l$.


# %%
def z_by_bias(W, b, x, _):
    _, a = forward(W, b, x)
    return [jacobian(matvec, argnums=2)(W[l], a[l - 1], b[l]) for l in W]


def identities(W, *_):
    return [np.eye(SIZES[l]) for l in W]


report = verify(
    {
        "Guide IV.4: dz/db = I": (identities, z_by_bias),
        "Notes (3), Guide IV.4: dC/db = delta": (errors, grad(cost, argnums=1)),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# <a id="four"></a>
#
# ## 8. Notes, equation (4): the weights
#
# $$\frac{\partial C}{\partial w^l_{jk}} = \delta^l_j\,\frac{\partial}{\partial w^l_{jk}}\bigl(w^l_{j1} a^{l-1}_1 + \dots + w^l_{jk} a^{l-1}_k + \dots + b^l_j\bigr) = a^{l-1}_k\,\delta^l_j \qquad\qquad \frac{\partial C}{\partial w^l} = \delta^l (a^{l-1})^T$$
#
# **Slip: the unfinished equation.** The Notes break off after the bracket. The last step is missing: of the whole bracket only one term contains $w_{jk}$, and its slope is $a^{l-1}_k$. (The matrix form is given by the Guide, IV.4.) Whoever takes the line for finished and multiplies $\delta_j$ by the bracket as it stands gets $\delta_j z_j$ for every $k$.


# %%
def unfinished(W, b, x, y):
    delta = errors(W, b, x, y)
    z, _ = forward(W, b, x)
    return {l: [[delta[l][j] * z[l][j] for _ in range(SIZES[l - 1])] for j in range(SIZES[l])] for l in W}


def bracket(W, b, x, _):
    _, a = forward(W, b, x)
    return {l: [grad(dot)(W[l][j], a[l - 1], b[l][j]) for j in range(SIZES[l])] for l in W}


def previous_activations(W, b, x, _):
    _, a = forward(W, b, x)
    return {l: [a[l - 1] for _ in range(SIZES[l])] for l in W}


def four_by_components(W, b, x, y):
    delta = errors(W, b, x, y)
    _, a = forward(W, b, x)
    return {l: [[a[l - 1][k] * delta[l][j] for k in range(SIZES[l - 1])] for j in range(SIZES[l])] for l in W}


def four(W, b, x, y):
    delta = errors(W, b, x, y)
    _, a = forward(W, b, x)
    return {l: outer(delta[l], a[l - 1]) for l in W}


report = verify(
    {
        "Notes (4): dz_j/dw_jk = a_k": (previous_activations, bracket),
        "Notes (4), components": (four_by_components, grad(cost)),
        "Guide IV.4: dC/dW = delta a^T": (four, grad(cost)),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

(wrong,) = verify({"unfinished": (unfinished, grad(cost))}, at=random_network, rtol=DIGITS)
collect_slip("Notes (4): breaks off before a_k delta_j", wrong, report[1])

assert not wrong.holds

# %% [markdown]
# <a id="nested"></a>
#
# ## 9. Guide, I to III: nested functions and gradient descent
#
# **Section I** writes the chain rule with numbers: $\frac{dC}{dw} = \frac{dC}{df_3} \frac{df_3}{df_2} \frac{df_2}{df_1} \frac{df_1}{dw}$. Chapter 4 looks at such nests; here is the equation for the nest of **section III**, a network with one neuron in each layer, where every letter is a plain number:
#
# $$\frac{\partial C}{\partial w^l} = \frac{\partial C}{\partial a^L} \cdot \frac{\partial a^L}{\partial a^{L-1}} \cdots \frac{\partial a^{l+1}}{\partial a^l} \cdot \frac{\partial a^l}{\partial w^l}, \qquad \frac{\partial a^k}{\partial a^{k-1}} = \sigma'(z^k)\,w^k, \qquad \frac{\partial a^l}{\partial w^l} = \sigma'(z^l)\,a^{l-1}$$


# %%
def draw_chain(rng):
    return ([rng.gauss(0, 1.5) for _ in range(L)], [rng.gauss(0, 1) for _ in range(L)], rng.gauss(0, 1), rng.random())


def chain_forward(w, b, x):
    z, a = {}, {0: x}
    for l in (1, 2, 3):
        z[l] = w[l - 1] * a[l - 1] + b[l - 1]
        a[l] = sigmoid(z[l])
    return z, a


def chain_cost(w, b, x, y):
    return 0.5 * (chain_forward(w, b, x)[1][L] - y) ** 2


def product_of_slopes(w, b, x, y):
    z, a = chain_forward(w, b, x)
    s = dict(zip((1, 2, 3), slope(z.values()), strict=True))
    return [
        (a[3] - y) * (s[3] * w[2]) * (s[2] * w[1]) * (s[1] * a[0]),
        (a[3] - y) * (s[3] * w[2]) * (s[2] * a[1]),
        (a[3] - y) * (s[3] * a[2]),
    ]


report = verify(
    {"Guide I, III: the product of slopes": (product_of_slopes, grad(chain_cost))}, at=draw_chain, rtol=DIGITS
)
collect(report)

assert report

# %% [markdown]
# **Slip: δ without $\sigma'$.** Section III then calls the first part of the product the error, $\delta^l = \frac{\partial C}{\partial a^L} \prod_{k=l+1}^{L} \frac{\partial a^k}{\partial a^{k-1}}$, and writes $\frac{\partial C}{\partial w^l} = \delta^l a^{l-1}$. But that product is $\partial C / \partial a^l$, the slope by the *activation*. On the way to $w^l$ the factor $\sigma'(z^l)$ is lost.


# %%
def chain_delta(w, b, x, y):
    z, a = chain_forward(w, b, x)
    s = dict(zip((1, 2, 3), slope(z.values()), strict=True))
    return [(a[3] - y) * (s[3] * w[2]) * (s[2] * w[1]), (a[3] - y) * (s[3] * w[2]), a[3] - y]


def chain_cost_by_a(w, b, x, y):
    _, a = chain_forward(elementwise(Value, w), b, x)
    return gradients(0.5 * (a[3] - y) ** 2, [a[1], a[2], a[3]])


def slipped(w, b, x, y):
    _, a = chain_forward(w, b, x)
    return hadamard(chain_delta(w, b, x, y), [a[0], a[1], a[2]])


def mended(w, b, x, y):
    z, _ = chain_forward(w, b, x)
    return hadamard(slipped(w, b, x, y), slope(z.values()))


what_it_is, wrong, good = verify(
    {
        "Guide III: the product is dC/da": (chain_delta, chain_cost_by_a),
        "delta a": (slipped, grad(chain_cost)),
        "delta sigma'(z) a": (mended, grad(chain_cost)),
    },
    at=draw_chain,
    rtol=DIGITS,
)
collect([what_it_is])
collect_slip("Guide III: dC/dw = delta a lacks sigma'(z)", wrong, good)

assert what_it_is.holds
assert not wrong.holds
assert good.holds

# %% [markdown]
# **Section II.1** classifies by one-hot targets and $\arg\max_k a^L_k$. In `nn` a whole number as target stands for the one-hot vector, and `nn.argmax` reads the prediction.

# %%
nine = [0.0] * 9 + [1.0]
output = [Value(sigmoid(random.Random(1).gauss(0, 1)) + 0.01 * k) for k in range(10)]
print("predicted digit", nn.argmax(output), "cost for a nine", nn.quadratic(output, 9).data)

assert nn.quadratic(output, 9).data == nn.quadratic(output, nine).data
assert nn.argmax(output) == max(range(10), key=lambda k: output[k].data)

# %% [markdown]
# **Section II.2** says that the cost depends on earlier layers through later ones, $C(a^L(a^{L-1}(\dots)))$: whatever the layer at which we cut, the rest of the network gives the same cost.
#
# **Section II.3** steps downhill, $u' = u - \eta\,\nabla C(u)$, for every parameter ($W^l \leftarrow W^l - \eta\,\partial C/\partial W^l$ and $b^l$ likewise), and concludes $C(u') < C(u)$. For a short step the fall is $\eta\,\lVert\nabla C\rVert^2$; chapter 4 says what happens to a long one.


# %%
def cut_costs(W, b, x, y):
    z, _ = forward(W, b, x)
    return [cost_from(l, z[l], W, b, y) for l in (1, 2, 3)]


report = verify(
    {"Guide II.2: C(a^L(a^(L-1)(...)))": (lambda W, b, x, y: [cost(W, b, x, y)] * 3, cut_costs)},
    at=random_network,
    rtol=DIGITS,
)
collect(report)

weight_slopes, bias_slopes = grad(cost, argnums=(0, 1))(W, b, x, y)
eta = 1e-3
new_weights = {l: elementwise(lambda w, g: w - eta * g, W[l], weight_slopes[l]) for l in W}
new_biases = {l: elementwise(lambda w, g: w - eta * g, b[l], bias_slopes[l]) for l in b}
fall = cost(W, b, x, y) - cost(new_weights, new_biases, x, y)
squares = [g * g for l in W for row in (*weight_slopes[l], bias_slopes[l]) for g in row]
print(f"the cost falls by {fall:.6e}, promised are {eta * sum(squares):.6e}")

assert report
assert fall > 0
assert math.isclose(fall, eta * sum(squares), rel_tol=1e-2)

# %% [markdown]
# <a id="shapes"></a>
#
# ## 10. Guide, IV.1: the shapes of derivatives, figure 7
#
# | function | of | derivative | shape |
# |---|---|---|---|
# | number | number | $df/dx$ | () |
# | number | vector of $n$ | gradient $\nabla C$ | $n$ |
# | vector of $m$ | vector of $n$ | Jacobian | $m \times n$ |
# | number | matrix $m \times n$ | $\partial f / \partial W$ | $m \times n$ |
# | vector of $k$ | matrix $m \times n$ | a stack of $k$ matrices | $k \times m \times n$ |
#
# The engine gives just these shapes, because the derivative takes the place of each number of the result.


# %%
def square(x):
    return x * x


def activation(W_l, a_before, b_l):
    return elementwise(sigmoid, matvec(W_l, a_before, b_l))


shapes = {
    "d x^2 / dx": shape(grad(square)(3.0)),
    "dC/da^L": shape(grad(half_square)(a[3], y)),
    "da^2/da^1": shape(jacobian(activation, argnums=1)(W[2], a[1], b[2])),
    "dC/dW^2": shape(grad(cost)(W, b, x, y)[2]),
    "da^2/dW^2": shape(jacobian(activation)(W[2], a[1], b[2])),
}
for name, found in shapes.items():
    print(f"{name:12}", found)

assert grad(square)(3.0) == 6.0
assert list(shapes.values()) == [(), (2,), (3, 4), (3, 4), (3, 3, 4)]

# %% [markdown]
# Each element of a Jacobian is what it says: $J_{ij} = \partial f_i / \partial x_j$, and $T_{ijk} = \partial a_i / \partial w_{jk}$. To check it, we change one number at a time.


# %%
def along_each_weight(W, b, x, _):
    """T_ijk, by the forward sweep: how the activations move as w_jk alone moves."""
    _, a = forward(W, b, x)
    layer = partial(activation, a_before=a[1], b_l=b[2])
    T = np.zeros((3, 3, 4))
    for j in range(3):
        for k in range(4):
            direction = [[float((row, column) == (j, k)) for column in range(4)] for row in range(3)]
            _, T[:, j, k] = jvp(layer, (W[2],), (direction,))
    return T


def activation_by_weights(W, b, x, _):
    _, a = forward(W, b, x)
    return jacobian(activation)(W[2], a[1], b[2])


report = verify(
    {"Guide IV.1: T_ijk = da_i/dw_jk": (along_each_weight, activation_by_weights)}, at=random_network, rtol=DIGITS
)
collect(report)

assert report

# %% [markdown]
# **Figure 7** draws this stack. Here it is with its numbers, $\partial a^2 / \partial W^2$ of our network: one matrix for each activation. A white cell is exactly 0.

# %%
T = activation_by_weights(W, b, x, y)
largest = max(abs(t) for matrix in T for row in matrix for t in row)

figure, axes = plt.subplots(figsize=(12, 6.5))
for i in range(3):
    left, bottom = 4.1 * i, 0.9 * i
    for j in range(3):
        for k in range(4):
            corner_x, corner_y = left + 0.95 * k, bottom + (2 - j) + 0.28 * k
            corners = [(0, 0), (0.95, 0.28), (0.95, 1.28), (0, 1)]
            shade = str(1 - 0.45 * abs(T[i][j][k]) / largest)
            cell = plt.Polygon([(corner_x + u, corner_y + v) for u, v in corners], facecolor=shade, edgecolor="black")
            axes.add_patch(cell)
            text = f"{T[i][j][k]:.2f}" if T[i][j][k] else "0"
            axes.text(corner_x + 0.475, corner_y + 0.64, text, ha="center", va="center", fontsize=12, rotation=12)
    axes.text(left + 1.9, bottom - 0.1, rf"$\partial a_{i + 1} / \partial W$", ha="center", va="top", fontsize=16)
axes.set(xlim=(-0.2, 12.2), ylim=(-0.8, 6.1), aspect="equal")
axes.axis("off")
plt.show()

# %% [markdown]
# The picture shows something that the formulas of the Guide pass over: in the matrix of $a_i$ only row $i$ is not white, for $a_i$ looks at no other row of weights.
#
# **Slip: the element for any $i$ and $j$.** Section IV.4 states $\frac{\partial a_i}{\partial w_{jk}} = \sigma'(z_i)\,a_k$ without a condition on $i$ and $j$. It holds for $i = j$; all other elements are 0.


# %%
def slipped(W, b, x, _):
    z, a = forward(W, b, x)
    s = slope(z[2])
    return [[[s[i] * a[1][k] for k in range(4)] for j in range(3)] for i in range(3)]


def mended(W, b, x, _):
    z, a = forward(W, b, x)
    s = slope(z[2])
    return [[[s[i] * a[1][k] if i == j else 0.0 for k in range(4)] for j in range(3)] for i in range(3)]


wrong, good = verify(
    {
        "for any i and j": (slipped, activation_by_weights),
        "Guide IV.4: da_i/dw_jk = sigma'(z_i) a_k [i = j]": (mended, activation_by_weights),
    },
    at=random_network,
    rtol=DIGITS,
)
collect([good])
collect_slip("Guide IV.4: da_i/dw_jk not 0 where i != j", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# <a id="chain"></a>
#
# ## 11. Guide, IV.2: the chain rule for vectors and matrices
#
# $$\nabla_x C = \Bigl(\frac{\partial y}{\partial x}\Bigr)^{\!T} \nabla_y C \qquad\qquad \frac{\partial C}{\partial W} = \sum_i \frac{\partial C}{\partial y_i}\,\frac{\partial y_i}{\partial W} = \frac{\partial y}{\partial W} \cdot \frac{\partial C}{\partial y}$$
#
# On the left the variable is a vector, and the chain rule is a matrix times a vector. On the right it is a matrix, the derivative of $y$ is a stack of matrices, and the sum over $i$ (*contraction* over the first axis) weighs each of them with a number and adds them up. We take $y = a^2$ as the vector in the middle.


# %%
def middle_to_cost(a_2, W, b, y):
    return half_square(elementwise(sigmoid, matvec(W[3], a_2, b[3])), y)


def chain_for_vectors(W, b, x, y):
    _, a = forward(W, b, x)
    J = jacobian(activation, argnums=1)(W[2], a[1], b[2])
    return matvec(transpose(J), grad(middle_to_cost)(a[2], W, b, y))


def chain_by_components(W, b, x, y):
    _, a = forward(W, b, x)
    J = jacobian(activation, argnums=1)(W[2], a[1], b[2])
    nabla = grad(middle_to_cost)(a[2], W, b, y)
    return [sum(nabla[i] * J[i][j] for i in range(3)) for j in range(4)]


def contraction(W, b, x, y):
    _, a = forward(W, b, x)
    T = jacobian(activation)(W[2], a[1], b[2])
    nabla = grad(middle_to_cost)(a[2], W, b, y)
    return [[sum(nabla[i] * T[i][j][k] for i in range(3)) for k in range(4)] for j in range(3)]


def contraction_by_numpy(W, b, x, y):
    _, a = forward(W, b, x)
    T = jacobian(activation)(W[2], a[1], b[2])
    return np.einsum("ijk,i->jk", T, grad(middle_to_cost)(a[2], W, b, y))


def cost_by_a1(W, b, x, y):
    return cost_by_a(W, b, x, y)[0]


def cost_by_weights(W, b, x, y):
    return grad(cost)(W, b, x, y)[2]


report = verify(
    {
        "Guide IV.2: dC/dx_j = sum_i dC/dy_i dy_i/dx_j": (chain_by_components, cost_by_a1),
        "Guide IV.2: grad_x C = (dy/dx)^T grad_y C": (chain_for_vectors, cost_by_a1),
        "Guide IV.2: dC/dw_jk = sum_i dC/dy_i dy_i/dw_jk": (contraction, cost_by_weights),
        "Guide IV.2: dC/dW = dy/dW . dC/dy": (contraction_by_numpy, cost_by_weights),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **From colour to grey.** The Guide's picture of a contraction: a colour image is a stack of three matrices (red, green, blue), and $0.3\,R + 0.59\,G + 0.11\,B$ contracts it to one grey matrix.
#
# We compute it both ways. First as the weighted sum of the three matrices, pixel by pixel. Then by the chain rule: let $y_c(W) = \sum_{hw} I_{chw} W_{hw}$ be the light that the image sends through a mask $W$ in each colour, and $C(y) = 0.3\,y_1 + 0.59\,y_2 + 0.11\,y_3$ the brightness that an eye makes of it. Then $\partial y / \partial W$ is the image itself, $\partial C / \partial y$ are the three weights, and $\partial C / \partial W$ must be the grey picture.

# %%
HEIGHT, WIDTH = 16, 24
WEIGHTS = [0.3, 0.59, 0.11]
red = [[w / (WIDTH - 1) for w in range(WIDTH)] for h in range(HEIGHT)]
green = [[float((h - 7.5) ** 2 + (w - 11.5) ** 2 < 36) for w in range(WIDTH)] for h in range(HEIGHT)]
blue = [[float(h // 2 % 2) for w in range(WIDTH)] for h in range(HEIGHT)]
image = [red, green, blue]


def light(mask):
    return [sum(dot(row, mask_row) for row, mask_row in zip(colour, mask, strict=True)) for colour in image]


def brightness(mask):
    return dot(WEIGHTS, light(mask))


summed = [[sum(WEIGHTS[c] * image[c][h][w] for c in range(3)) for w in range(WIDTH)] for h in range(HEIGHT)]
mask = [[1.0] * WIDTH for _ in range(HEIGHT)]
by_chain_rule = grad(brightness)(mask)
furthest = np.abs(np.subtract(summed, by_chain_rule)).max()
print("image", shape(image), " grey", shape(by_chain_rule), " furthest apart", furthest)

assert shape(image) == (3, HEIGHT, WIDTH)
assert jacobian(light)(mask) == image
assert furthest < 1e-15
assert np.allclose(np.tensordot(WEIGHTS, image, axes=1), by_chain_rule, rtol=0, atol=1e-15)

# %%
figure, all_axes = plt.subplots(1, 4, figsize=(13, 3))
titles = ["0.3 × red", "+ 0.59 × green", "+ 0.11 × blue", "= grey"]
for axes, matrix, title in zip(all_axes, [*image, by_chain_rule], titles, strict=True):
    axes.imshow(matrix, cmap="gray", vmin=0, vmax=1)
    axes.set(title=title, xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(True)
figure.tight_layout()
plt.show()

report = verify({"Guide IV.2: grey as a contraction": (summed, grad(brightness))}, at=(mask,), rtol=DIGITS)
collect(report)

assert report

# %% [markdown]
# <a id="recursion"></a>
#
# ## 12. Guide, IV.3: the recursion
#
# $$\delta^L := \frac{\partial C}{\partial a^L} \qquad\qquad \delta^l := \Bigl(\frac{\partial a^{l+1}}{\partial a^l}\Bigr)^{\!T} \delta^{l+1} \qquad\qquad \frac{\partial C}{\partial w^l} = \frac{\partial a^l}{\partial w^l} \cdot \delta^l$$
#
# **Attention:** in this section δ is the slope by the *activation*, $\partial C/\partial a$. In the Notes, and in section IV.4, it is the slope by $z$. We build everything from `jacobian` alone and compare with what `backward()` leaves in the weights of an `nn.MLP`.


# %%
def by_backward(W, b, x, y):
    model = as_mlp(W, b)
    nn.quadratic(model(x), y).backward()
    return {l: [[w.grad for w in neuron.w] for neuron in model.layers[l - 1].neurons] for l in W}


def recursion(W, b, x, y):
    _, a = forward(W, b, x)
    delta = {L: grad(half_square)(a[L], y)}
    for l in (2, 1):
        J = jacobian(activation, argnums=1)(W[l + 1], a[l], b[l + 1])
        delta[l] = matvec(transpose(J), delta[l + 1])
    return delta


def weights_by_recursion(W, b, x, y):
    _, a = forward(W, b, x)
    delta = recursion(W, b, x, y)
    return {l: np.einsum("ijk,i->jk", jacobian(activation)(W[l], a[l - 1], b[l]), delta[l]) for l in W}


def all_costs_by_a(W, b, x, y):
    _, a, C = recorded(W, b, x, y)
    return {l: gradients(C, a[l]) for l in (3, 2, 1)}


report = verify(
    {
        "Guide IV.3: delta = (da/da)^T delta": (recursion, all_costs_by_a),
        "Guide IV.3: dC/dW = da/dW . delta": (weights_by_recursion, by_backward),
    },
    at=random_network,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# <a id="sigmoid"></a>
#
# ## 13. Guide, IV.4: the sigmoid network
#
# $$\delta^L = (a^L - y) \odot a^L \odot (1 - a^L) \qquad \delta^l = (W^{l+1})^T \delta^{l+1} \odot a^l \odot (1 - a^l) \qquad \frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T \qquad \frac{\partial C}{\partial b^l} = \delta^l$$
#
# This is the program that everybody writes once in a lifetime. Here it is, line by line, beside `backward()`.


# %%
def sigmoid_network(W, b, x, y):
    _, a = forward(W, b, x)
    rest = {l: [1 - a_j for a_j in a[l]] for l in (1, 2, 3)}
    delta = {3: hadamard(hadamard(elementwise(sub, a[3], y), a[3]), rest[3])}
    for l in (2, 1):
        delta[l] = hadamard(hadamard(matvec(transpose(W[l + 1]), delta[l + 1]), a[l]), rest[l])
    return {l: outer(delta[l], a[l - 1]) for l in W}, {l: delta[l] for l in W}


def all_by_backward(W, b, x, y):
    model = as_mlp(W, b)
    nn.quadratic(model(x), y).backward()
    neurons = {l: model.layers[l - 1].neurons for l in W}
    return (
        {l: [[w.grad for w in neuron.w] for neuron in neurons[l]] for l in W},
        {l: [neuron.b.grad for neuron in neurons[l]] for l in W},
    )


report = verify(
    {"Guide IV.4: the whole example": (sigmoid_network, all_by_backward)}, at=random_network, points=200, rtol=DIGITS
)
collect(report)

assert report
assert report[0].relative < 1e-14

# %% [markdown]
# Over 200 networks the hand-made gradients and those of `backward()` differ in the last digits at most. (Only there: $a(1 - a)$ is rounded in another order than the engine's slope of the sigmoid.)
#
# These final formulas are right. On the way to them the Guide makes three more slips.
#
# **Slip: $W\,\mathrm{diag}(\sigma')$.** The Jacobian $\frac{\partial a^{l+1}}{\partial a^l}$ is given as $W^{l+1}\,\mathrm{diag}(\sigma'(z^{l+1}))$. The layer is first weighted and then activated, so the Jacobian of the activation comes last, and last means leftmost: $\mathrm{diag}(\sigma'(z^{l+1}))\,W^{l+1}$. For layers of different widths the other order does not even fit:


# %%
def diagonal(numbers):
    return np.diag(list(numbers)).tolist()


try:
    matmul(W[2], diagonal(slope(z[2])))
except ValueError as error:
    complaint = str(error)
print("ValueError:", complaint)

assert complaint == "matmul: expected a second matrix of 4 rows for one of 3 x 4, got 3 x 3"

# %% [markdown]
# Between two layers of three neurons each it fits, and is wrong.


# %%
def draw_square(rng):
    return [[rng.gauss(0, 1) for _ in range(3)] for _ in range(3)], [rng.gauss(0, 1) for _ in range(3)]


def square_jacobian(W, a):
    return jacobian(lambda a: elementwise(sigmoid, matvec(W, a)))(a)


def slipped(W, a):
    return matmul(W, diagonal(slope(matvec(W, a))))


def mended(W, a):
    return matmul(diagonal(slope(matvec(W, a))), W)


wrong, good = verify(
    {"W diag(sigma')": (slipped, square_jacobian), "Guide IV.4: da/da = diag(sigma') W": (mended, square_jacobian)},
    at=draw_square,
    rtol=DIGITS,
)
collect([good])
collect_slip("Guide IV.4: da/da = W diag(sigma')", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# The transpose inherits the slip: the Guide gets $\sigma'(z^{l+1}) \odot \bigl((W^{l+1})^T \frac{\partial C}{\partial a^{l+1}}\bigr)$, with $\sigma'$ outside. Its right place is inside, $(W^{l+1})^T \bigl(\sigma'(z^{l+1}) \odot \frac{\partial C}{\partial a^{l+1}}\bigr)$. Outside, the two vectors have different lengths.

# %%
by_a = all_costs_by_a(W, b, x, y)
try:
    hadamard(slope(z[2]), matvec(transpose(W[2]), by_a[2]))
except ValueError as error:
    complaint = str(error)
print("ValueError:", complaint)

assert complaint == "elementwise: expected the shape (3,), got (4,)"


def inside(W, b, x, y):
    z, _ = forward(W, b, x)
    by_a = all_costs_by_a(W, b, x, y)
    return [matvec(transpose(W[l + 1]), hadamard(slope(z[l + 1]), by_a[l + 1])) for l in (1, 2)]


def square_pull(W, a, u):
    return matvec(transpose(square_jacobian(W, a)), u)


wrong, good = verify(
    {
        "outside": (lambda W, a, u: hadamard(slope(matvec(W, a)), matvec(transpose(W), u)), square_pull),
        "inside": (lambda W, a, u: matvec(transpose(W), hadamard(slope(matvec(W, a)), u)), square_pull),
    },
    at=lambda rng: (*draw_square(rng), [rng.gauss(0, 1) for _ in range(3)]),
    rtol=DIGITS,
)
report = verify({"Guide IV.4: dC/da = W^T (sigma' dC/da)": (inside, cost_by_a)}, at=random_network, rtol=DIGITS)
collect(report)
collect_slip("Guide IV.4: sigma' outside the transpose", wrong, good)

assert not wrong.holds
assert good.holds
assert report

# %% [markdown]
# **Slip: two meanings of δ.** Section IV.3 defines $\delta = \partial C/\partial a$; section IV.4 starts with that definition, "incorporates the activation" and goes on with $\delta = \partial C/\partial z$. Both are good definitions, but each has a recursion of its own, and what differs is where $\sigma'$ stands:
#
# $$\delta_a^l = W^T\bigl(\sigma'(z^{l+1}) \odot \delta_a^{l+1}\bigr) \qquad\qquad \delta_z^l = \bigl(W^T \delta_z^{l+1}\bigr) \odot \sigma'(z^l)$$
#
# Feed the δ of one section into the recursion of the other, and neither gradient comes out.


# %%
def mixed(W, b, x, y):
    z, _ = forward(W, b, x)
    by_a = all_costs_by_a(W, b, x, y)
    return [hadamard(matvec(transpose(W[l + 1]), by_a[l + 1]), slope(z[l])) for l in (1, 2)]


mixed_as_z, mixed_as_a, good_a, good_z = verify(
    {
        "IV.3 into IV.4, as dC/dz": (mixed, hidden_errors),
        "IV.3 into IV.4, as dC/da": (mixed, cost_by_a),
        "dC/da by its own recursion": (inside, cost_by_a),
        "dC/dz by its own recursion": (two, hidden_errors),
    },
    at=random_network,
    rtol=DIGITS,
)
print(f"mixed: {mixed_as_z.relative:.0%} away from dC/dz, {mixed_as_a.relative:.0%} away from dC/da")
print(f"each by its own recursion: {good_a.relative:.0e} and {good_z.relative:.0e}")
collect_slip("Guide IV.3, IV.4: two meanings of delta mixed", mixed_as_z, good_z)

assert not mixed_as_z.holds
assert not mixed_as_a.holds
assert good_a.holds
assert good_z.holds

# %% [markdown]
# **Slip: $\sigma'$ twice.** IV.4 repeats $\frac{\partial C}{\partial w^l} = \frac{\partial a^l}{\partial w^l} \cdot \delta^l$ from IV.3. There δ was $\partial C/\partial a$ and the formula was right. Now that δ is $\partial C/\partial z$ it already contains $\sigma'(z^l)$, and $\partial a^l / \partial w^l$ brings it once more. The formula that follows, $\delta^l (a^{l-1})^T$, is right again: it is $\frac{\partial z^l}{\partial w^l} \cdot \delta^l$.


# %%
def slipped(W, b, x, y):
    _, a = forward(W, b, x)
    delta = errors(W, b, x, y)
    return {l: np.einsum("ijk,i->jk", jacobian(activation)(W[l], a[l - 1], b[l]), delta[l]) for l in W}


def mended(W, b, x, y):
    _, a = forward(W, b, x)
    delta = errors(W, b, x, y)
    return {l: np.einsum("ijk,i->jk", jacobian(matvec)(W[l], a[l - 1], b[l]), delta[l]) for l in W}


wrong, good = verify(
    {"da/dw . dC/dz": (slipped, grad(cost)), "dz/dw . dC/dz": (mended, grad(cost))}, at=random_network, rtol=DIGITS
)
collect_slip("Guide IV.4: da/dw . delta counts sigma' twice", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# <a id="batch"></a>
#
# ## 14. Batch: all examples at once
#
# **Conventions.** $m$ examples stand side by side as the columns of $A^{[l-1]}$; column $i$ belongs to example $i$. $J$ is the cost of all of them together, their mean unless said otherwise. The layer has $n$ neurons and $p$ inputs, so $W$ is $n \times p$, $A^{[l-1]}$ is $p \times m$, and $Z$ is $n \times m$. Its activation may mix the neurons of a column, as softmax does, but never two columns.
#
# $$Z = W A^{[l-1]} + b \qquad \frac{\partial J}{\partial W} = \frac{\partial J}{\partial Z} \bigl(A^{[l-1]}\bigr)^T \qquad \frac{\partial J}{\partial b} = \text{row sums of } \frac{\partial J}{\partial Z} \qquad \frac{\partial J}{\partial A^{[l-1]}} = W^T \frac{\partial J}{\partial Z}$$

# %%
NEURONS, INPUTS, EXAMPLES = 3, 4, 5


def draw_batch(rng):
    W = [[rng.gauss(0, 1) for _ in range(INPUTS)] for _ in range(NEURONS)]
    b = [rng.gauss(0, 1) for _ in range(NEURONS)]
    A = [[rng.gauss(0, 1) for _ in range(EXAMPLES)] for _ in range(INPUTS)]
    Y = [[rng.random() for _ in range(EXAMPLES)] for _ in range(NEURONS)]
    return W, b, A, Y


def weighted(W, b, A):
    return [[z + b_j for z in row] for row, b_j in zip(matmul(W, A), b, strict=True)]


def activated(Z):
    return transpose([softmax(column) for column in transpose(Z)])


def cost_of_outputs(A_out, Y):
    return sum(half_square(a, y) for a, y in zip(transpose(A_out), transpose(Y), strict=True)) / len(Y[0])


def cost_of_weighted(Z, Y):
    return cost_of_outputs(activated(Z), Y)


def batch_cost(W, b, A, Y):
    return cost_of_weighted(weighted(W, b, A), Y)


def batch_errors(W, b, A, Y):
    return grad(cost_of_weighted)(weighted(W, b, A), Y)


def one_by_one(W, b, A, _):
    return transpose([matvec(W, column, b) for column in transpose(A)])


def weights_by_components(W, b, A, Y):
    G = batch_errors(W, b, A, Y)
    return [[sum(G[j][i] * A[k][i] for i in range(EXAMPLES)) for k in range(INPUTS)] for j in range(NEURONS)]


def inputs_by_components(W, b, A, Y):
    G = batch_errors(W, b, A, Y)
    return [[sum(G[j][i] * W[j][k] for j in range(NEURONS)) for i in range(EXAMPLES)] for k in range(INPUTS)]


report = verify(
    {
        "Batch: Z = W A + b, column by column": (one_by_one, lambda W, b, A, _: weighted(W, b, A)),
        "Batch: dJ/dw_jk = sum_i dJ/dz_ji a_ki": (weights_by_components, grad(batch_cost)),
        "Batch: dJ/dW = dJ/dZ A^T": (
            lambda W, b, A, Y: matmul(batch_errors(W, b, A, Y), transpose(A)),
            grad(batch_cost),
        ),
        "Batch: dJ/db = row sums of dJ/dZ": (
            lambda W, b, A, Y: [sum(row) for row in batch_errors(W, b, A, Y)],
            grad(batch_cost, 1),
        ),
        "Batch: dJ/da_ki = sum_j dJ/dz_ji w_jk": (inputs_by_components, grad(batch_cost, 2)),
        "Batch: dJ/dA = W^T dJ/dZ": (
            lambda W, b, A, Y: matmul(transpose(W), batch_errors(W, b, A, Y)),
            grad(batch_cost, 2),
        ),
    },
    at=draw_batch,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **From $\partial J/\partial A$ to $\partial J/\partial Z$.** Here each column goes through a Jacobian of its own, and this is why the form holds for softmax too, where every output depends on every input of the column:
#
# $$\frac{\partial J}{\partial z_{ji}} = \sum_k \frac{\partial J}{\partial a_{ki}}\,\frac{\partial a_{ki}}{\partial z_{ji}} \qquad\qquad \frac{\partial J}{\partial z_{:,i}} = \Bigl(\frac{\partial a_{:,i}}{\partial z_{:,i}}\Bigr)^{\!T} \frac{\partial J}{\partial a_{:,i}}$$


# %%
def per_column(f, transposed=True):
    """dJ/dZ, one Jacobian for each column, for the activation f of a column."""

    def columns(Z, Y):
        A = transpose([f(column) for column in transpose(Z)])
        dA = transpose(grad(cost_of_outputs)(A, Y))
        jacobians = [jacobian(f)(column) for column in transpose(Z)]
        return transpose([matvec(transpose(D) if transposed else D, d) for D, d in zip(jacobians, dA, strict=True)])

    return columns


def directly(f):
    """dJ/dZ by the engine, for the activation f of a column."""
    return grad(lambda Z, Y: cost_of_outputs(transpose([f(column) for column in transpose(Z)]), Y))


def sigmoids(z):
    return elementwise(sigmoid, z)


def softmax_jacobian(z):
    a = softmax(z)
    return np.diag(a) - np.outer(a, a)


def components(Z, Y):
    dA = grad(cost_of_outputs)(activated(Z), Y)
    D = [jacobian(softmax)(column) for column in transpose(Z)]
    n = range(NEURONS)
    return [[sum(dA[k][i] * D[i][k][j] for k in n) for i in range(EXAMPLES)] for j in n]


def draw_weighted(rng):
    return [[[rng.gauss(0, 1) for _ in range(EXAMPLES)] for _ in range(NEURONS)] for _ in range(2)]


report = verify(
    {
        "Batch: dJ/dz_ji = sum_k dJ/da_ki da_ki/dz_ji": (components, directly(softmax)),
        "Batch: dJ/dz = (da/dz)^T dJ/da, sigmoid": (per_column(sigmoids), directly(sigmoids)),
        "Batch: dJ/dz = (da/dz)^T dJ/da, softmax": (per_column(softmax), directly(softmax)),
        "Batch: dJ/dz = (da/dz)^T dJ/da, log-softmax": (per_column(log_softmax), directly(log_softmax)),
    },
    at=draw_weighted,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# The Jacobian of softmax is known by heart in many places: $\mathrm{diag}(a) - a a^T$. (Beware of $a_i - a_i^2$ where $a_i$ is close to 1: most of the digits cancel.)

# %%
report = verify(
    {"softmax: da/dz = diag(a) - a a^T": (softmax_jacobian, jacobian(softmax))},
    at=lambda rng: ([rng.gauss(0, 1) for _ in range(3)],),
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **The layer as a machine.** The text ends with a recipe: on the way forward a layer stores $A^{[l-1]}$, $Z$, $W$ and $b$; on the way back it is handed $dA^{[l]}$ and passes on $dA^{[l-1]}$. Two softmax layers in a row, each with nothing but its store:


# %%
def forward_layer(W, b, A):
    Z = weighted(W, b, A)
    return activated(Z), (A, Z, W, b)


def backward_layer(dA, store):
    A_before, Z, W, _ = store
    jacobians = [jacobian(softmax)(column) for column in transpose(Z)]
    G = transpose([matvec(transpose(D), d) for D, d in zip(jacobians, transpose(dA), strict=True)])
    return matmul(transpose(W), G), (matmul(G, transpose(A_before)), [sum(row) for row in G])


def draw_two_layers(rng):
    W, b, A, Y = draw_batch(rng)
    second = [[rng.gauss(0, 1) for _ in range(NEURONS)] for _ in range(NEURONS)]
    return [W, second], [b, [rng.gauss(0, 1) for _ in range(NEURONS)]], A, Y


def machine(W, b, A, Y):
    A_1, store_1 = forward_layer(W[0], b[0], A)
    A_2, store_2 = forward_layer(W[1], b[1], A_1)
    dA_1, (dW_2, db_2) = backward_layer(grad(cost_of_outputs)(A_2, Y), store_2)
    dA_0, (dW_1, db_1) = backward_layer(dA_1, store_1)
    return [dW_1, dW_2], [db_1, db_2], dA_0


def two_layers(W, b, A, Y):
    return batch_cost(W[1], b[1], activated(weighted(W[0], b[0], A)), Y)


report = verify(
    {"Batch: two layers, each from its store": (machine, grad(two_layers, argnums=(0, 1, 2)))},
    at=draw_two_layers,
    rtol=DIGITS,
)
collect(report)

assert report

# %% [markdown]
# **Slip: $m + 1$ examples.** The sums run over $i = 0, \dots, m$, which are $m + 1$ columns of a matrix that has $m$; elsewhere in the text indices start at 1. A program that counts from 0 falls off the end. One that counts from 1 and stores from 0 asks for column $-1$, and Python is glad to hand it the last one again.

# %%
_, _, A, _ = draw_batch(random.Random(0))
try:
    sum(A[0][i] for i in range(EXAMPLES + 1))
except IndexError as error:
    complaint = str(error)
print("IndexError:", complaint)

assert "out of range" in complaint


def slipped(W, b, A, Y):
    G, m = batch_errors(W, b, A, Y), EXAMPLES
    return [[sum(G[j][i - 1] * A[k][i - 1] for i in range(m + 1)) for k in range(INPUTS)] for j in range(NEURONS)]


def mended(W, b, A, Y):
    G, m = batch_errors(W, b, A, Y), EXAMPLES
    return [[sum(G[j][i - 1] * A[k][i - 1] for i in range(1, m + 1)) for k in range(INPUTS)] for j in range(NEURONS)]


wrong, good = verify(
    {"i = 0 to m": (slipped, grad(batch_cost)), "i = 1 to m": (mended, grad(batch_cost))}, at=draw_batch, rtol=DIGITS
)
collect_slip("Batch: sum over i = 0 to m", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# **Slip: whose activations?** The components of $\partial J/\partial W^{[l]}$ are printed with $a^{[l]}$, the layer's own activations, and the matrix form with $A^{[L-1]}$, those before the *last* layer. Both should be $A^{[l-1]}$, what went *into* the layer. With $a^{[l]}$ the result is $n \times n$ instead of $n \times p$:

# %%
try:
    verify(
        {
            "dJ/dW": (
                lambda W, b, A, Y: matmul(batch_errors(W, b, A, Y), transpose(activated(weighted(W, b, A)))),
                grad(batch_cost),
            )
        },
        at=draw_batch,
    )
except ValueError as error:
    complaint = str(error)
print("ValueError:", complaint)

assert complaint == "verify: dJ/dW: expected 12 numbers, got 9"

# %% [markdown]
# Where all layers are equally wide the shapes agree, and only the numbers tell. Here are three layers of three neurons each.


# %%
def draw_three_layers(rng):
    W = {l: [[rng.gauss(0, 1) for _ in range(3)] for _ in range(3)] for l in (1, 2, 3)}
    return (W, *[[[rng.random() for _ in range(EXAMPLES)] for _ in range(3)] for _ in range(2)])


def three_layers(W, X):
    Z, A = {}, {0: X}
    for l in W:
        Z[l] = matmul(W[l], A[l - 1])
        A[l] = elementwise(sigmoid, Z[l])
    return Z, A


def three_layers_cost(W, X, Y):
    return cost_of_outputs(three_layers(W, X)[1][L], Y)


def times_activations_of(choose):
    """dJ/dW^l as dJ/dZ^l times the transposed activations of the layer that ``choose`` names."""

    def weights(W, X, Y):
        Z, A = three_layers({l: elementwise(Value, W[l]) for l in W}, X)
        cost = cost_of_outputs(A[L], Y)
        G = {l: [gradients(cost, row) for row in Z[l]] for l in W}
        return {l: matmul(G[l], transpose(A[choose(l)])) for l in W}

    return weights


own, before_last, good = verify(
    {
        "A^l": (times_activations_of(lambda l: l), grad(three_layers_cost)),
        "A^(L-1)": (times_activations_of(lambda _: L - 1), grad(three_layers_cost)),
        "A^(l-1)": (times_activations_of(lambda l: l - 1), grad(three_layers_cost)),
    },
    at=draw_three_layers,
    rtol=DIGITS,
)
collect_slip("Batch: dJ/dW with a^l instead of a^(l-1)", own, good)
collect_slip("Batch: dJ/dW with A^(L-1) instead of A^(l-1)", before_last, good)

assert not own.holds
assert not before_last.holds
assert good.holds

# %% [markdown]
# **Slip: a sum over $p$ of terms in $k$.** The text writes $\frac{\partial J}{\partial z_{ji}} = \sum_p \frac{\partial J}{\partial a_{ki}} \frac{\partial a_{ki}}{\partial z_{ji}}$. Read as it stands, all $n$ terms are the same one. The letter that is summed over must be the one in the terms. (We take $k = 1$ for the letter that is left standing.)


# %%
def slipped(Z, Y):
    dA = grad(cost_of_outputs)(activated(Z), Y)
    D = [jacobian(softmax)(column) for column in transpose(Z)]
    k, n = 0, range(NEURONS)
    return [[sum(dA[k][i] * D[i][k][j] for p in n) for i in range(EXAMPLES)] for j in n]


wrong, good = verify(
    {"sum over p": (slipped, directly(softmax)), "sum over k": (components, directly(softmax))},
    at=draw_weighted,
    rtol=DIGITS,
)
collect_slip("Batch: sum over p of terms in k", wrong, good)

assert not wrong.holds
assert good.holds

# %% [markdown]
# **Slip: the layout of $\partial a / \partial z$.** The text multiplies $\partial J/\partial a$ by a matrix whose row $j$ holds $\partial a_1/\partial z_j, \partial a_2/\partial z_j, \dots$, and calls it $\partial a/\partial z$. That is right, but it is the *transpose* of the Jacobian that the Guide, and most books, write with the same letters. Whoever puts the Jacobian in its place is wrong, and will not notice for a long time: the Jacobians of the sigmoid (diagonal) and of softmax ($\mathrm{diag}(a) - a a^T$) are symmetric. That of log-softmax is not.

# %%
with_sigmoid, with_softmax, wrong, good = verify(
    {
        "Jacobian, sigmoid": (per_column(sigmoids, transposed=False), directly(sigmoids)),
        "Jacobian, softmax": (per_column(softmax, transposed=False), directly(softmax)),
        "Jacobian, log-softmax": (per_column(log_softmax, transposed=False), directly(log_softmax)),
        "transposed, log-softmax": (per_column(log_softmax), directly(log_softmax)),
    },
    at=draw_weighted,
    rtol=DIGITS,
)
print(f"not transposed: sigmoid {with_sigmoid.relative:.0e}, softmax {with_softmax.relative:.0e}: nobody notices")
collect_slip("Batch: da/dz is the transposed Jacobian", wrong, good)

assert with_sigmoid.holds
assert with_softmax.holds
assert not wrong.holds
assert good.holds

# %% [markdown]
# **Not said: sum or mean?** The text does not say whether $J$ adds up the costs of the examples or takes their mean. Its equations hold for both, because the $1/m$ of the mean sits inside $\partial J / \partial Z$. Some courses write a $1/m$ in front of $\partial J / \partial Z \cdot A^T$; that is right only where $\partial J/\partial Z$ was made *without* it. Twice is once too often.


# %%
def total(W, b, A, Y):
    return EXAMPLES * batch_cost(W, b, A, Y)


def errors_of_sum(W, b, A, Y):
    return grad(lambda Z: EXAMPLES * cost_of_weighted(Z, Y))(weighted(W, b, A))


def twice(W, b, A, Y):
    return elementwise(lambda g: g / EXAMPLES, matmul(batch_errors(W, b, A, Y), transpose(A)))


wrong, mean, summed = verify(
    {
        "1/m twice": (twice, grad(batch_cost)),
        "Batch: dJ/dW, J a mean": (lambda W, b, A, Y: matmul(batch_errors(W, b, A, Y), transpose(A)), grad(batch_cost)),
        "Batch: dJ/dW, J a sum": (lambda W, b, A, Y: matmul(errors_of_sum(W, b, A, Y), transpose(A)), grad(total)),
    },
    at=draw_batch,
    rtol=DIGITS,
)
collect([mean, summed])
collect_slip("Batch: sum or mean left open; 1/m twice", wrong, mean)

assert mean.holds
assert summed.holds
assert not wrong.holds

# %% [markdown]
# <a id="summary"></a>
#
# ## 15. Every equation, with its error
#
# The largest relative error over all random points, and the same in units in the last place (ulp) of the number where it occurred. A unit is about $10^{-16}$ of the number; where the number itself is small beside the others of its vector, there may be many.

# %%
print(f"{'equation':52}{'relative error':>15}{'ulp':>9}")
for claim in equations:
    print(f"{claim.equation:52}{claim.relative:15.1e}{claim.ulps:9.0f}")

assert len(equations) == 48
assert all(claim.holds and claim.relative < DIGITS for claim in equations)

# %% [markdown]
# And the slips: how wrong the printed form is at its worst, and how wrong the mended one.

# %%
print(f"{'slip':52}{'as printed':>12}{'mended':>10}")
for name, wrong, good in slips:
    print(f"{name:52}{wrong.relative:12.0%}{good.relative:10.0e}")

assert len(slips) == 17
assert all(wrong.relative > 0.1 and good.relative < DIGITS for _, wrong, good in slips)

# %% [markdown]
# Not every misprint can be tested. The Batch text prints its last formula with a ∂ in front of $W^T$, and some derivatives with two ∂ or none; such a formula has no value that could be compared with anything.
#
# **A limit, said aloud.** Twenty random points prove nothing in the sense of mathematics. But the two sides of these equations are built from sums, products and exponentials of their variables, and two such functions that differ at all differ almost everywhere: a wrong equation that passes at twenty random points would be a miracle. What numbers cannot do is to say *why*. For that, read the texts; they are good ones, and most of their slips are a misprinted index.
#
# ## What to try next
#
# 1. Derive $\delta^L$ for softmax with the cross entropy $-\sum_k y_k \ln a_k$ (the answer is short), and let `verify` judge it.
# 2. Replace the sigmoid by `tanh` everywhere. Which equations of the sigmoid example change, and into what?
# 3. Equation (2) for a layer with a *skip*, $a^{l+1} = \sigma(z^{l+1}) + a^l$ (same width): what is $\delta^l$ now?
# 4. Find a slip of your own: swap two indices in any function above, and predict whether the shapes or only the numbers will tell.
