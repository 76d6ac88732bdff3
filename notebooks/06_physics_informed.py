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
# # 6. Physics-informed networks
#
# **Question.** Can a network learn a motion that nobody has measured, from nothing but the law that it obeys?
#
# A network that learns from examples is told the right answers. A *physics-informed* network (Lagaris and others 1998; Raissi, Perdikaris and Karniadakis 2019) is told a differential equation. At some points, the *collocation points*, we ask how badly the network breaks the law; that number is the loss.
#
# The law speaks of derivatives of the network by its *input*. Training needs the derivative of the loss by the *parameters*. So the network is differentiated twice by its input, and what comes out of that once more by its weights: third order in all. Amayed's *Guided Derivation* gives this as its example of backpropagation outside ordinary learning, and it is where a library must show that a derivative is a function like any other.
#
# We solve an ordinary differential equation, a swing that is never damped, and a partial one, heat in a rod. You need chapters 3 and 4.

# %%
import math
import random

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import Value, dot, draw, grad, gradients, jvp, tanh
from autograd.graph import order

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4.5), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## A derivative that is a graph
#
# **Convention.** `gradients(y, [x])` gives the number $dy/dx$. With `create_graph=True` it gives a `Value`: the chain rule is carried out with nodes instead of numbers, and the result is the end of a graph that leads back to the same leaves.
#
# The smallest case is a network of one neuron, $u(t) = v \tanh(w t + b)$.

# %%
t, w, b, v = Value(0.5, label="t"), Value(2.0, label="w"), Value(0.1, label="b"), Value(1.5, label="v")
u = v * tanh(dot([w], [t], b))
(slope,) = gradients(u, [t], create_graph=True)
slope.label = "du/dt"

assert math.isclose(slope.data, 1.5 * 2.0 / math.cosh(1.1) ** 2, rel_tol=1e-14)

# %%
draw(slope, rankdir="TB")

# %% [markdown]
# The leaves at the top are the old ones. The nodes between `dot` and `/` are the slope of tanh, $4e/(1+e)^2$ with $e = e^{-2z}$, which keeps its digits where $1 - \tanh^2$ would lose them. Nothing hinders us from differentiating this graph by `t` again, and the result by `w`.
#
# With $z = wt + b$ and $T = \tanh z$, calculus says $u'' = v w^2\, T''$ with $T'' = -2T(1 - T^2)$, and $\frac{\partial u''}{\partial w} = v\,(2 w\, T'' + w^2 t\, T''')$ with $T''' = (6T^2 - 2)(1 - T^2)$.

# %%
(second,) = gradients(slope, [t], create_graph=True)
by_w, by_b, by_v = gradients(second, [w, b, v])

T = math.tanh(1.1)
T2, T3 = -2 * T * (1 - T**2), (6 * T**2 - 2) * (1 - T**2)
print(f"u''          {second.data:.15f}   by hand {1.5 * 4 * T2:.15f}")
print(f"du''/dw      {by_w:.15f}   by hand {1.5 * (2 * 2 * T2 + 4 * 0.5 * T3):.15f}")

assert math.isclose(second.data, 1.5 * 4 * T2, rel_tol=1e-13)
assert math.isclose(by_w, 1.5 * (2 * 2 * T2 + 4 * 0.5 * T3), rel_tol=1e-13)
assert math.isclose(by_b, 1.5 * 4 * T3, rel_tol=1e-13)
assert math.isclose(by_v, 4 * T2, rel_tol=1e-13)

# %% [markdown]
# ## Problem 1: the harmonic oscillator
#
# $$u'' + u = 0, \qquad u(0) = 1, \qquad u'(0) = 0 \qquad\qquad \text{(the solution is } \cos t \text{)}$$
#
# **Convention.** The *residual* is what is left of the left side when the network is put in for $u$: $r(t) = u''(t) + u(t)$. A solution has residual 0 everywhere. We ask for it at 20 times in $[0, 2\pi]$, a full swing, and add two residuals for the start: $u(0) - 1$ and $u'(0)$. No value of the cosine is told, only where the swing begins.
#
# The network has one input, 10 neurons with tanh, and one linear output. (A network of relus is made of straight pieces. Its second derivative is 0, and no weight could change that.)

# %%
POINTS = 20
times = [2 * math.pi * i / (POINTS - 1) for i in range(POINTS)]
model = nn.MLP(1, [10, 1], activation="tanh", init="xavier", rng=random.Random(2))
parameters = model.parameters()


def oscillator_residuals():
    found = []
    for time in times:
        t = Value(time)
        u = model([t])
        (speed,) = gradients(u, [t], create_graph=True)
        (acceleration,) = gradients(speed, [t], create_graph=True)
        found.append((acceleration + u) / math.sqrt(POINTS))
        if time == 0:
            found += [u - 1, speed]
    return found


residuals = oscillator_residuals()
print(f"{len(parameters)} parameters, {len(residuals)} residuals, {len(order(*residuals))} nodes")

assert len(parameters) == 31
assert len(residuals) == 22

# %% [markdown]
# There are other ways to say "twice by the input": `grad(grad(u))`, or two forward sweeps, `jvp` of `jvp`. They agree, and for one input their graphs are about equally large, so they cost about the same.


# %%
def network(t):
    return model([t])


def network_slope(t):
    return jvp(network, (t,), (1.0,))[1]


t = Value(1.0)
(speed,) = gradients(network(t), [t], create_graph=True)
ways = {
    "gradients of gradients": gradients(speed, [t], create_graph=True)[0],
    "grad(grad(u))": grad(grad(network))(t),
    "jvp of jvp": jvp(network_slope, (t,), (1.0,))[1],
}
for name, way in ways.items():
    print(f"{name:24} u'' = {way.data:.15f} with {len(order(way))} nodes")

assert all(math.isclose(way.data, ways["grad(grad(u))"].data, rel_tol=1e-12) for way in ways.values())

# %% [markdown]
# ## Learning by least squares
#
# The loss is $\frac12\sum_i r_i^2$. Gradient descent would get there, slowly: the second derivative makes some directions thousands of times steeper than others (chapter 4 tells what that does to the learning rate). But a sum of squares allows more. Linearise each residual, $r_i(p + d) \approx r_i + J_i \cdot d$, where row $J_i$ of the Jacobian is the gradient of $r_i$ by all parameters: one backward sweep through a small graph. Then the best step $d$ is that of a linear least-squares problem. This is the *Gauss-Newton* method. The linearisation can be trusted only nearby, so *Levenberg and Marquardt* punish long steps with $\lambda \lVert d \rVert^2$: if the loss falls, $\lambda$ becomes a third, else the step is taken back and $\lambda$ four times as large.


# %%
def half_square(residuals):
    """The loss, 1/2 sum r^2."""
    return sum(r.data**2 for r in residuals) / 2


def damped_step(J, residuals, damping):
    """The d that makes |r + J d|^2 + damping |d|^2 smallest."""
    size = len(J[0])
    matrix = np.vstack([J, math.sqrt(damping) * np.eye(size)])
    right = [-r.data for r in residuals] + [0.0] * size
    return np.linalg.lstsq(matrix, right, rcond=None)[0]


def move(parameters, numbers):
    """Give each parameter its number."""
    for p, x in zip(parameters, numbers, strict=True):
        p.data = float(x)


# %%
def least_squares(residuals_of, parameters, goal, steps):
    damping, r = 1.0, residuals_of()
    losses, J = [half_square(r)], [gradients(x, parameters) for x in r]
    while losses[-1] > goal and len(losses) <= steps and damping < 1e12:
        start = np.array([p.data for p in parameters])
        move(parameters, start + damped_step(J, r, damping))
        moved = residuals_of()
        if half_square(moved) < losses[-1]:
            damping, r, J = damping / 3, moved, [gradients(x, parameters) for x in moved]
            losses.append(half_square(r))
        else:
            damping *= 4
            move(parameters, start)
    return losses


# %% [markdown]
# Before we use it, a check: the gradient of the loss is $J^T r$. On the left a backward sweep through all residuals at once (third order), on the right the rows one by one.

# %%
loss = 0.5 * dot(residuals, residuals)
loss.backward()
J = np.array([gradients(r, parameters) for r in residuals])
by_rows = J.T @ [r.data for r in residuals]
furthest = np.abs(by_rows - [p.grad for p in parameters]).max() / np.abs(by_rows).max()
print(f"J has the shape {J.shape}; J^T r and backward() differ by {furthest:.0e} of the largest slope")

assert furthest < 1e-13

# %%
losses = least_squares(oscillator_residuals, parameters, goal=3e-8, steps=150)
print(f"loss {losses[0]:.3f} -> {losses[-1]:.1e} in {len(losses) - 1} steps")

grid = [2 * math.pi * i / 200 for i in range(201)]
learned = [model([t]).data for t in grid]
error = max(abs(u - math.cos(t)) for u, t in zip(learned, grid, strict=True))
print(f"the network is at most {error:.1e} away from the cosine")

assert losses[-1] < 1e-7
assert error <= 1e-2

# %% [markdown]
# For comparison, a network with the same start, trained with Adam for 200 steps, which takes longer than the least squares took.

# %%
least_squares_model = model
model = nn.MLP(1, [10, 1], activation="tanh", init="xavier", rng=random.Random(2))
optimizer = nn.Adam(lr=0.01)
adam_losses = []
for _ in range(200):
    residuals = oscillator_residuals()
    loss = 0.5 * dot(residuals, residuals)
    adam_losses.append(loss.data)
    model.zero_grad()
    loss.backward()
    optimizer.step(model.parameters())
adam_learned = [model([t]).data for t in grid]
adam_error = max(abs(u - math.cos(t)) for u, t in zip(adam_learned, grid, strict=True))
print(f"Adam: loss {adam_losses[-1]:.1e}, error {adam_error:.2f}")

assert adam_losses[-1] > 100 * losses[-1]
assert adam_error > error

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5))
left.plot(grid, [math.cos(t) for t in grid], "-", color="0.7", linewidth=7, label="exact: cos t")
left.plot(grid, learned, "k-", label="least squares")
left.plot(grid, adam_learned, "k--", linewidth=1.5, label="Adam, 200 steps")
left.plot(times, [least_squares_model([t]).data for t in times], "ko", markersize=6, label="collocation points")
left.set(xlabel="t", ylabel="u", ylim=(-1.2, 2.6))
left.legend(frameon=False, loc="upper center", ncols=2, fontsize=12)
right.semilogy(losses, "k-", label="least squares")
right.semilogy(adam_losses, "k--", linewidth=1.5, label="Adam")
right.set(xlabel="step", ylabel="loss")
right.legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# Both curves of the loss show the trap of this problem. Adam's network lies down: $u = 0$ obeys the law everywhere, and only the start disagrees. Least squares takes the same way for some thirty steps, then finds the swing and falls by a factor of 100,000.
#
# ## Problem 2: heat in a rod
#
# A rod of length $\pi$ is warm in the middle and held at 0 at both ends. Its temperature $u(x, t)$ obeys the heat equation
#
# $$\frac{\partial u}{\partial t} = \frac{\partial^2 u}{\partial x^2}, \qquad u(x, 0) = \sin x, \qquad u(0, t) = u(\pi, t) = 0 \qquad\qquad \text{(the solution is } e^{-t} \sin x \text{)}$$
#
# Now the network has two inputs. The residual is $\partial u/\partial t - \partial^2 u/\partial x^2$ at 36 points inside, and the difference from the given temperatures at 19 points on the border: the profile at the start, and the two cold ends. Points inside and on the border are weighed by how many they are; the border counts threefold in each residual, because a solution of the law with the wrong border is the solution of another problem.

# %%
LENGTH, END, ROWS = math.pi, 1.0, 6
inside = [(LENGTH * (i + 0.5) / ROWS, END * (j + 0.5) / ROWS) for i in range(ROWS) for j in range(ROWS)]
start = [(LENGTH * i / ROWS, 0.0) for i in range(ROWS + 1)]
ends = [(x, END * (j + 1) / ROWS) for j in range(ROWS) for x in (0.0, LENGTH)]
border = [(x, t, math.sin(x)) for x, t in start] + [(x, t, 0.0) for x, t in ends]

model = nn.MLP(2, [8, 1], activation="tanh", init="xavier", rng=random.Random(0))
parameters = model.parameters()


def heat_residual(x, t):
    x, t = Value(x), Value(t)
    u = model([x, t])
    by_x, by_t = gradients(u, [x, t], create_graph=True)
    (by_xx,) = gradients(by_x, [x], create_graph=True)
    return by_t - by_xx


def heat_residuals():
    law = [heat_residual(x, t) / math.sqrt(len(inside)) for x, t in inside]
    return law + [3 * (model([x, t]) - given) / math.sqrt(len(border)) for x, t, given in border]


print(f"{len(parameters)} parameters, {len(inside)} points inside, {len(border)} on the border")

assert (len(parameters), len(inside), len(border)) == (33, 36, 19)

# %% [markdown]
# Here the way matters. One backward sweep gives both $\partial u/\partial x$ and $\partial u/\partial t$; functions such as `grad` and `jvp` compute the network anew for each derivative. The time follows the number of nodes.


# %%
def heat_by_grad(x, t):
    def u(x, t):
        return model([x, t])

    return grad(u, argnums=1)(x, t) - grad(grad(u))(x, t)


x, t = Value(1.0), Value(0.5)
by_gradients, by_grad = heat_residual(1.0, 0.5), heat_by_grad(x, t)
sizes = len(order(by_gradients)), len(order(by_grad))
print(f"residual {by_gradients.data:.12f} with {sizes[0]} nodes by gradients, {sizes[1]} by grad")

assert math.isclose(by_gradients.data, by_grad.data, rel_tol=1e-12)
assert sizes[0] < sizes[1]

# %%
losses = least_squares(heat_residuals, parameters, goal=1e-5, steps=100)
print(f"loss {losses[0]:.3f} -> {losses[-1]:.1e} in {len(losses) - 1} steps")

xs = [LENGTH * i / 40 for i in range(41)]
ts = [END * j / 20 for j in range(21)]
learned = np.array([[model([x, t]).data for x in xs] for t in ts])
exact = np.array([[math.exp(-t) * math.sin(x) for x in xs] for t in ts])
error = np.abs(learned - exact).max()
print(f"the network is at most {error:.1e} away from the solution, anywhere in the rod at any time")

assert losses[-1] < 1e-3
assert error <= 1e-2

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5))
for row, style in zip((0, 5, 10, 20), ("-", "--", "-.", ":"), strict=True):
    left.plot(xs, exact[row], "-", color="0.75", linewidth=7)
    left.plot(xs, learned[row], "k", linestyle=style, label=f"t = {ts[row]:.2f}")
left.plot([], [], "-", color="0.75", linewidth=7, label="exact")
left.set(xlabel="x", ylabel="temperature u", ylim=(-0.05, 1.45))
left.legend(frameon=False, loc="upper center", ncols=3, fontsize=12)
shades = right.contourf(xs, ts, 1000 * np.abs(learned - exact), levels=8, cmap="Greys")
right.plot(*zip(*inside, strict=True), "k.", markersize=8)
right.plot([x for x, _, _ in border], [t for _, t, _ in border], "ks", markersize=8, fillstyle="none", clip_on=False)
right.set(xlabel="x", ylabel="t", title="error, in thousandths")
figure.colorbar(shades)
figure.tight_layout()
plt.show()

# %% [markdown]
# The grey bands of the left picture are the exact solution; the lines upon them are the network. The right picture shows how far the two are apart, with the points at which the law (dots) and the border (squares) were asked for.
#
# **What the engine did.** For each point inside it computed the network (some 20 nodes), swept backward with nodes instead of numbers (twice), and had a graph of about 230 nodes in its hands that ends in the residual. A sweep with plain numbers through that graph gave one row of $J$: 33 slopes, each of them a third derivative in part. Nobody wrote a formula for any of this. Exchange `by_t - by_xx` for another law, and the rest stays as it is.
#
# **Limits, said aloud.**
#
# - A small residual at some points is no proof of a small error between them. We knew the solutions and could compare; where you do not know, ask for the residual at points that were not used.
# - Both problems have good classical methods that are a thousand times quicker. Networks begin to pay where there is no grid to speak of: many dimensions, odd shapes, unknown coefficients, a few measurements beside a law.
# - A sum of squares of everything weighs one law against another, here with a factor that we chose. With bad weights the network obeys the law and forgets the border.
# - $J$ has a row for each residual and a column for each parameter. That is fine for dozens of each, and out of the question for millions.
#
# ## What to try next
#
# 1. Give the oscillator friction, $u'' + 0.3\,u' + u = 0$. Which line changes? Compare with $e^{-0.15 t}$ times a swing of the frequency $\sqrt{1 - 0.15^2}$.
# 2. Ask for two full swings, $[0, 4\pi]$, with 40 points. What happens, and how many neurons does it take? (A known weakness of the method.)
# 3. An inverse problem: take $u'' + k u = 0$ on $[0, \pi]$ with $k$ a `Value` of its own that starts at 0.5, add `k` to the parameters, and give the values of $\cos 2t$ at five times as further residuals. Does $k$ find 4?
# 4. Solve Poisson's equation $u'' = -\sin x$ on $[0, \pi]$ with $u(0) = u(\pi) = 0$, and the nonlinear $u' = u(1 - u)$ with $u(0) = 0.1$. Each takes two lines.
# 5. Measure: evaluate the heat residual on a finer set of points than the network was trained on. Where is it largest? Put further points there.
