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
# # 4. Nested functions
#
# **Question.** Backpropagation is known as the thing that trains neural networks. What does it really differentiate?
#
# Anything that is computed by one step after the other. A network happens to be such a thing; so are a pendulum, the price of an option, and a loop that takes a square root. In this chapter there is no network in sight. We differentiate
#
# 1. a chain of four functions, by hand and by machine,
# 2. a pendulum, through 350 steps of time,
# 3. a price, once and twice, which gives the numbers that traders call the Greeks,
# 4. a valley, twice, and jump to its bottom with Newton's method,
# 5. a hollow, and walk down by gradient descent; this is figure 6 of Amayed's *A Guided Derivation of Backpropagation Algorithm*, drawn with real gradients,
# 6. the same hollow with steps that are too small, right, and too large.
#
# You need the chain rule and a little Python; chapters 1 and 2 explain the nodes and the backward sweep.

# %%
import math
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from autograd import (
    Value,
    cos,
    draw,
    erfc,
    exp,
    explain,
    grad,
    gradcheck,
    hessian,
    jvp,
    log,
    log1p,
    sin,
    sqrt,
    value_and_grad,
)
from autograd.graph import order

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4.5), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. A nest
#
# Put a number $w$ into $f_1$, the result into $f_2$, that result into $f_3$, and what comes out of it into $C$. Written as one formula the functions are nested, $C(f_3(f_2(f_1(w))))$, and the chain rule says that the slope of the whole is the product of the slopes of the parts:
#
# $$\frac{dC}{dw} = \frac{dC}{df_3} \cdot \frac{df_3}{df_2} \cdot \frac{df_2}{df_1} \cdot \frac{df_1}{dw}$$
#
# Each factor is taken at the number that arrived there. So the nest must first be computed from the inside out, and then the factors can be multiplied from the outside in: forward, then backward.

# %%
w = Value(1.2, label="w")
f1 = w**2
f2 = sin(f1)
f3 = exp(f2)
C = log1p(f3)
f1.label, f2.label, f3.label, C.label = "f1", "f2", "f3", "C"
C.backward()

slope = 1.0
for node in (C, f3, f2, f1):
    slope *= node.partials[0]
    print(f"{node.label} = {node.data:.4f}   local slope {node.partials[0]:+.4f}   product so far {slope:+.6f}")

assert slope == w.grad
by_hand = 1 / (1 + math.exp(math.sin(1.44))) * math.exp(math.sin(1.44)) * math.cos(1.44) * 2 * 1.2
assert math.isclose(by_hand, w.grad, rel_tol=1e-14)

# %% [markdown]
# The products so far are the numbers that the drawing shows as `grad`, from the bottom up.

# %%
draw(C, rankdir="TB")

# %% [markdown]
# And this is how the textbooks write it, one factor for each function of the nest.

# %%
explain(C, wrt=w)

# %% [markdown]
# **Convention.** From here on we write plain Python functions, and let `grad(f)` make the function that computes the slope of `f`. Floats go in and floats come out. `grad(f, argnums=1)` differentiates by the second argument (they are counted from 0), `grad(f, argnums=(0, 1))` by the first two and gives a tuple.

# %%
slope = grad(lambda w: log1p(exp(sin(w**2))))(1.2)
print(slope)

assert slope == w.grad

# %% [markdown]
# Who says that a nest has to be a formula? The Babylonians took the square root of $a$ with a loop: guess $x$, replace it by the middle between $x$ and $a/x$, repeat. The loop is a nest of as many functions as it takes rounds, and its slope must be that of the square root, $1 / (2\sqrt a)$, although nothing in it says so.


# %%
def babylon(a):
    x, before = a, None
    while before is None or abs(x - before) > 1e-12:
        x, before = (x + a / x) / 2, x
    return x


root, slope = value_and_grad(babylon)(2.0)
print("root ", root, "  sqrt(2)     =", math.sqrt(2))
print("slope", slope, "  1/(2 sqrt 2) =", 1 / (2 * math.sqrt(2)))

assert math.isclose(root, math.sqrt(2), rel_tol=1e-14)
assert math.isclose(slope, 1 / (2 * math.sqrt(2)), rel_tol=1e-14)

# %% [markdown]
# **A limit, said aloud.** Which branch an `if` takes, and how many rounds a `while` turns, is decided by the numbers of this one run. The slope is that of the steps that were taken. It knows nothing of the other branch.
#
# ## 2. A pendulum
#
# **Question.** Let go of a pendulum at a large angle. Where will it be three and a half seconds later, and how does that depend on where you let go, and on how long the rod is?
#
# The angle $\theta$ obeys $\theta'' = -\frac{g}{l} \sin\theta$. There is no simple formula for its solution, so we take small steps of time. The classical step of Runge and Kutta probes the slope four times and is wrong by about the fifth power of its length.

# %%
g = 9.81


def step(angle, speed, length, h):
    k = g / length
    a1, s1 = speed, -k * sin(angle)
    a2, s2 = speed + h / 2 * s1, -k * sin(angle + h / 2 * a1)
    a3, s3 = speed + h / 2 * s2, -k * sin(angle + h / 2 * a2)
    a4, s4 = speed + h * s3, -k * sin(angle + h * a3)
    return angle + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), speed + h / 6 * (s1 + 2 * s2 + 2 * s3 + s4)


def swing(length, start, steps=350, h=0.01):
    angle, speed = start, 0.0
    angles = [angle]
    for _ in range(steps):
        angle, speed = step(angle, speed, length, h)
        angles.append(angle)
    return angles


def final_angle(length, start):
    return swing(length, start)[-1]


length, start = 1.0, 2.0
angle, (by_length, by_start) = value_and_grad(final_angle, argnums=(0, 1))(length, start)
print(f"after 3.5 s the angle is {angle:.4f}")
print(f"it changes by {by_length:+.4f} per metre of rod, and by {by_start:+.4f} per radian of the start")

nodes = len(order(final_angle(Value(length), Value(start))))
print(f"the nest behind it: {nodes} operations and numbers")
assert nodes > 18000

# %% [markdown]
# Are these the slopes? `gradcheck` nudges each argument by several small steps and compares. It raises an error where the slopes disagree.

# %%
assert gradcheck(final_angle, length, start)

# %% [markdown]
# The backward sweep gives all slopes of one result. The forward sweep goes the other way: it gives the slopes of *all results* by one argument. That is what we want for a picture, since every angle on the way has a slope.
#
# **Convention.** `jvp(f, (x, y), (dx, dy))` returns the results of `f` and how they move when `x` and `y` move by `dx` and `dy` (the *Jacobian-vector product*).

# %%
angles, along_start = jvp(swing, (length, start), (0.0, 1.0))
_, along_length = jvp(swing, (length, start), (1.0, 0.0))

h = 1e-5
above, below = swing(length, start + h), swing(length, start - h)
measured = [(high - low) / (2 * h) for high, low in zip(above, below, strict=True)]
furthest = max(abs(m - s) for m, s in zip(measured, along_start, strict=True))
print(f"{len(along_start)} slopes by the start; measured with small steps they differ by {furthest:.0e} at most")

assert furthest < 1e-7
assert math.isclose(along_start[-1], by_start, rel_tol=1e-12)
assert math.isclose(along_length[-1], by_length, rel_tol=1e-10)

# %%
times = [0.01 * i for i in range(351)]
figure, (top, bottom) = plt.subplots(2, 1, figsize=(10, 7), sharex=True)
top.plot(times, angles, "k-", label="released at 2.0")
top.plot(times, swing(length, 2.1), "k--", linewidth=1.5, label="released at 2.1")
top.axhline(0, color="gray", linewidth=0.8)
top.set(ylabel="angle (rad)", ylim=(-2.4, 3.9))
top.legend(frameon=False, loc="upper right", ncols=2)
bottom.plot(times, along_start, "k-", label="by the start (rad per rad)")
bottom.plot(times, along_length, "k:", linewidth=2.5, label="by the length (rad per m)")
bottom.plot(times[::20], measured[::20], "ko", markersize=6, fillstyle="none", label="measured with small steps")
bottom.axhline(0, color="gray", linewidth=0.8)
bottom.set(xlabel="time (s)", ylabel="slope of the angle", ylim=(-8, 16))
bottom.legend(frameon=False, loc="upper left")
figure.tight_layout()
plt.show()

# %% [markdown]
# At the start the slope by the start is 1, of course. Then it swings, and each swing is larger than the one before: a pendulum let go a little higher takes longer, so the two curves of the upper picture drift apart.
#
# **How much longer?** The period is the time of a whole swing. We run until the angle passes zero, and then land on zero exactly: the step that is missing has the length $-\theta/\theta'$, so we take it, and twice more for what is left. Observe that the length of that step is itself computed, so time becomes part of the nest.


# %%
def period(length, start, h=0.005):
    angle, speed, time = start, 0.0, 0.0
    while angle > 0:
        angle, speed = step(angle, speed, length, h)
        time = time + h
    for _ in range(3):
        rest = -angle / speed
        angle, speed = step(angle, speed, length, rest)
        time = time + rest
    return 4 * time


T, (T_by_length, T_by_start) = value_and_grad(period, argnums=(0, 1))(length, start)
print(f"period {T:.9f} s, by length {T_by_length:.9f} s/m, by start {T_by_start:.9f} s/rad")

# %% [markdown]
# There are three ways to know better.
#
# *Units.* The only way to make a time out of a length and $g$ is $\sqrt{l/g}$. So $T$ is proportional to $\sqrt l$, and $\partial T / \partial l = T / 2l$, whatever the angle.

# %%
print(f"T / 2l = {T / (2 * length):.9f}")

assert math.isclose(T_by_length, T / (2 * length), rel_tol=1e-8)

# %% [markdown]
# *The exact solution.* Gauss found that the period is $2\pi \sqrt{l/g}$ divided by the arithmetic-geometric mean of 1 and $\cos(\theta_0/2)$: replace two numbers by their arithmetic and their geometric mean, again and again, until they agree. This is a nest too, of six rounds, so we differentiate it as well. Two nests that have nothing in common but their meaning must have the same slopes.


# %%
def exact_period(length, start):
    x, y = 1.0, cos(start / 2)
    for _ in range(6):
        x, y = (x + y) / 2, sqrt(x * y)
    return 2 * math.pi * sqrt(length / g) / x


exact, (exact_by_length, exact_by_start) = value_and_grad(exact_period, argnums=(0, 1))(length, start)
print(f"period {exact:.9f} s, by length {exact_by_length:.9f} s/m, by start {exact_by_start:.9f} s/rad")

assert math.isclose(T, exact, rel_tol=1e-8)
assert math.isclose(T_by_length, exact_by_length, rel_tol=1e-8)
assert math.isclose(T_by_start, exact_by_start, rel_tol=1e-8)

# %% [markdown]
# *The series.* Schoolbooks give $T = 2\pi \sqrt{l/g}\,\left(1 + \frac{1}{16}\theta_0^2 + \frac{11}{3072}\theta_0^4 + \frac{173}{737280}\theta_0^6 + \dots\right)$ for small angles. Its slope by $\theta_0$ is known term by term. At a start of 0.1 the first term left out adds less than $10^{-10}$ to it.

# %%
small = 0.1
factor = 2 * math.pi * math.sqrt(length / g)
series = factor * (small / 8 + 11 * small**3 / 768 + 173 * small**5 / 122880)
by_engine = grad(period, argnums=1)(length, small)
print(f"dT/dstart at 0.1: series {series:.9f}, engine {by_engine:.9f}")

assert abs(by_engine - series) < 1e-9

# %% [markdown]
# **A limit, said aloud.** The engine differentiates the program, not the pendulum. Its slopes are exact for the steps that were taken; how well those follow the real motion is a matter of the step length. Here eight digits agree. And every operation of the forward run is kept until the backward sweep has passed, so memory grows with the number of steps.
#
# ## 3. The Greeks
#
# **Question.** A European call is the right to buy a share at the price $K$ after a time $T$. Its value today depends on the price $S$ of the share, on the interest rate $r$, and on how nervous the share is (its volatility $\sigma$). A bank that has sold the right must know how its value answers to each of these.
#
# Black and Scholes (1973) gave the formula, with $\Phi$ for the normal distribution function:
#
# $$V = S\,\Phi(d_1) - K e^{-rT}\,\Phi(d_2), \qquad d_1 = \frac{\ln(S/K) + (r + \sigma^2/2)\,T}{\sigma\sqrt T}, \qquad d_2 = d_1 - \sigma\sqrt T$$


# %%
def phi(x):
    return erfc(-x / math.sqrt(2)) / 2


def call(S, K, T, r, sigma):
    d1 = (log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sqrt(T))
    d2 = d1 - sigma * sqrt(T)
    return S * phi(d1) - K * exp(-r * T) * phi(d2)


market = (100.0, 110.0, 0.75, 0.03, 0.25)
S, K, T, r, sigma = market
price = call(*market)
print(f"the right to buy at {K:.0f} what costs {S:.0f} today is worth {price:.4f}")

assert math.isclose(price, 5.6687, abs_tol=1e-4)

# %% [markdown]
# **Convention.** Delta is the slope by $S$, vega by $\sigma$, rho by $r$. Theta is the slope by the date, and as the date advances the time $T$ that is left shrinks: theta is minus the slope by $T$. Gamma is the slope of delta by $S$, a second derivative: `grad(grad(call))`.
#
# The textbooks derive a closed formula for each, half a page apiece. We only need them for the check.

# %%
delta, by_time, rho, vega = grad(call, argnums=(0, 2, 3, 4))(*market)
theta = -by_time
gamma = grad(grad(call))(*market)

d1 = (math.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * math.sqrt(T))
d2 = d1 - sigma * math.sqrt(T)
density = math.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi)
discount = K * math.exp(-r * T)
greeks = {
    "delta": (delta, phi(d1)),
    "gamma": (gamma, density / (S * sigma * math.sqrt(T))),
    "vega": (vega, S * density * math.sqrt(T)),
    "theta": (theta, -S * density * sigma / (2 * math.sqrt(T)) - r * discount * phi(d2)),
    "rho": (rho, T * discount * phi(d2)),
}
print(f"{'':8}{'engine':>20}{'closed formula':>20}{'error':>10}")
for name, (engine, closed) in greeks.items():
    error = abs(engine / closed - 1)
    print(f"{name:8}{engine:20.14f}{closed:20.14f}{error:10.0e}")
    assert error < 1e-12

# %% [markdown]
# The price also obeys a law of its own, the Black-Scholes equation, which says that a riskless mixture of the right and the share earns the interest rate and not more: $\;\theta + \frac12\sigma^2 S^2\,\Gamma + r S\,\Delta - r V = 0$. Three slopes and a price have to cancel.

# %%
rest = theta + sigma**2 * S**2 * gamma / 2 + r * S * delta - r * price
print(f"theta {theta:+.4f}, and all four terms together {rest:+.1e}")

assert abs(rest) < 1e-12

# %% [markdown]
# How do delta and gamma look over the price of the share? Look at the curve of the price (top): delta is its slope, gamma how much it bends, and it bends where the share costs about as much as the right says.

# %%
shares = [40 + 1.5 * i for i in range(81)]
prices = [call(s, K, T, r, sigma) for s in shares]
deltas = [grad(call)(s, K, T, r, sigma) for s in shares]
gammas = [grad(grad(call))(s, K, T, r, sigma) for s in shares]

figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(10, 9), sharex=True)
top.plot(shares, prices, "k-", label="price V")
top.plot(shares, [max(s - discount, 0) for s in shares], "k--", linewidth=1.5, label="with no volatility")
top.plot([70, 130], [price + delta * (s - S) for s in (70, 130)], "k:", linewidth=2.5, label="slope delta at 100")
top.plot(S, price, "ko", markersize=8)
top.axvline(K, color="gray", linewidth=0.8, label="K, which the right says")
top.set(ylabel="price")
top.legend(frameon=False, loc="upper left")
middle.plot(shares, deltas, "k-")
middle.set(ylabel="delta", ylim=(-0.05, 1.05))
bottom.plot(shares, gammas, "k-")
bottom.set(ylabel="gamma", xlabel="price of the share S", ylim=(0, 0.02))
for axes in (middle, bottom):
    axes.axvline(K, color="gray", linewidth=0.8)
figure.align_ylabels()
figure.tight_layout()
plt.show()

steepest = shares[gammas.index(max(gammas))]
assert all(0 <= d <= 1 for d in deltas)
assert 90 < steepest < K

# %% [markdown]
# All fifteen second derivatives come with one call. Among them are those that a trader knows as vanna (by $S$ and $\sigma$) and volga (by $\sigma$ twice). It cannot matter by which argument one differentiates first, so the matrix must be symmetric.

# %%
H = hessian(call, argnums=(0, 1, 2, 3, 4))(*market)
print(f"vanna {H[0][4]:+.6f}, volga {H[4][4]:+.6f}")

assert math.isclose(H[0][4], -density * d2 / sigma, rel_tol=1e-12)
assert math.isclose(H[4][4], vega * d1 * d2 / sigma, rel_tol=1e-12)
assert all(math.isclose(H[i][j], H[j][i], rel_tol=1e-11) for i in range(5) for j in range(5))

# %% [markdown]
# ## 4. Newton's method
#
# **Question.** The gradient says which way is down. What is the second derivative good for?
#
# It says how the slope itself will change on the way. A gradient $\nabla f$ and a Hessian matrix $H$ together describe a parabola that fits the function at the point, and the bottom of a parabola can be computed: it lies at $-H^{-1} \nabla f$ from here. Newton's method jumps there, and repeats.
#
# The classical test is Rosenbrock's valley (1960), which is curved like a banana and has its lowest point at $(1, 1)$. We start where Rosenbrock did.


# %%
def rosenbrock(u):
    x, y = u
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2


u = [-1.2, 1.0]
H = hessian(rosenbrock)(u)
print("gradient", grad(rosenbrock)(u))
print("Hessian ", H)

x, y = u
by_hand = [[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200.0]]
assert np.allclose(H, by_hand, rtol=1e-14)

# %% [markdown]
# **Convention.** The *error* is the distance from the lowest point, $\|u - (1, 1)\|$. A method converges *linearly* if each step divides the error by about the same number, *quadratically* if each step squares it, up to a factor: then the number of correct digits doubles.

# %%
newton = [u]
errors = [math.dist(u, (1, 1))]
while errors[-1] > 1e-13:
    u = (np.array(u) - np.linalg.solve(hessian(rosenbrock)(u), grad(rosenbrock)(u))).tolist()
    newton.append(u)
    errors.append(math.dist(u, (1, 1)))

print("step        x           y           f         error   error / (error before)^2")
for k, ((x, y), error) in enumerate(zip(newton, errors, strict=True)):
    ratio = f"{error / errors[k - 1] ** 2:12.3f}" if k else ""
    print(f"{k:3}  {x:11.7f} {y:11.7f} {rosenbrock((x, y)):11.2e} {error:11.2e} {ratio}")

assert len(newton) - 1 <= 7
assert all(after < before**2 for before, after in pairwise(errors[3:7]))

# %% [markdown]
# From the third step on, each error is smaller than the square of the one before: about 1, 5, 11 digits, and then all that a float has. Before that the table looks wild, and it should: far from the bottom the parabola is a poor likeness of the banana, and the method climbs up the wall (step 2) before it arrives. Newton's method is quick near the goal and promises nothing far from it.
#
# For comparison, gradient descent on the same valley: $u' = u - \eta \nabla f$ with $\eta = 0.001$, which is half of what the curvature at the bottom allows (section 6 says why).

# %%
u = [-1.2, 1.0]
descent = [u]
for _ in range(2000):
    u = [p - 0.001 * d for p, d in zip(u, grad(rosenbrock)(u), strict=True)]
    descent.append(u)
away = [math.dist(u, (1, 1)) for u in descent]
print(f"gradient descent: error {away[1000]:.3f} after 1000 steps, {away[2000]:.3f} after 2000")
print(f"Newton's method:  error {errors[-1]:.1g} after {len(newton) - 1}")

assert errors[-1] < 1e-12
assert 0.1 < away[2000] < away[1000]

# %%
xs, ys = np.meshgrid(np.linspace(-1.7, 1.6, 150), np.linspace(-3.6, 2.0, 150))
figure, axes = plt.subplots(figsize=(10, 6))
axes.contour(xs, ys, rosenbrock((xs, ys)), levels=[1, 4, 16, 64, 256, 1024], colors="gray", linewidths=0.8)
axes.plot(*zip(*descent, strict=True), "-", color="0.65", linewidth=5, label="gradient descent, 2000 steps")
axes.plot(*zip(*newton, strict=True), "ko--", markersize=7, linewidth=1.5, label="Newton, 7 jumps")
for k, place in enumerate([(-1.42, 0.72), (-1.05, 1.62), (0.83, -3.25), (0.50, 0.45)]):
    axes.text(*place, str(k))
axes.plot(1, 1, "k*", markersize=20)
axes.set(xlabel="x", ylabel="y")
axes.legend(frameon=False, loc="lower left")
plt.show()

# %% [markdown]
# ## 5. Walking down: figure 6
#
# **Convention.** *Gradient descent* replaces the parameters $u$ by $u' = u - \eta\,\nabla C(u)$. The number $\eta > 0$ is the *learning rate*. The gradient points uphill, in the direction in which $C$ rises fastest, so the step leads downhill.
#
# Is it true that no other direction rises faster? Here is a hollow with two parameters, $C(u, v) = 1.22\,u^2 - 1.92\,u v + 1.78\,v^2 + 0.02\,u^4$. We measure its slope in 360 directions.


# %%
def cost(p):
    u, v = p
    return 1.22 * u**2 - 1.92 * u * v + 1.78 * v**2 + 0.02 * u**4


here = [-2.4, -0.5]
du, dv = grad(cost)(here)
degrees = range(360)
slopes = [jvp(cost, (here,), ([math.cos(math.radians(d)), math.sin(math.radians(d))],))[1] for d in degrees]
best = max(degrees, key=lambda d: slopes[d])
length, direction = math.hypot(du, dv), math.degrees(math.atan2(dv, du))
print(f"gradient ({du:.3f}, {dv:.3f}): length {length:.4f}, direction {direction:.1f} degrees")
print(f"steepest of 360 directions: slope {slopes[best]:.4f} at {best} degrees")

assert abs(best - direction) <= 0.5
assert 0.9999 * length <= slopes[best] <= length
assert abs(slopes[(best + 90) % 360]) < 0.01 * slopes[best]

# %% [markdown]
# At a right angle to the gradient the cost does not change at all: the gradient stands upright on the level line. With that we can draw the picture. Thick arrows (red) are the steps of the descent; thin dashed ones (green) are the gradients at the same points, drawn at a tenth of their length.

# %%
eta = 0.3
path = [[-2.5, -0.2]]
for _ in range(8):
    path.append([p - eta * d for p, d in zip(path[-1], grad(cost)(path[-1]), strict=True)])
costs = [cost(p) for p in path]
print("cost:", ", ".join(f"{c:.3f}" for c in costs[:7]), "...", f"{costs[-1]:.4f}")

assert all(after < before for before, after in pairwise(costs))
assert costs[-1] < 0.01 * costs[0]

# %%
us, vs = np.meshgrid(np.linspace(-3.4, 0.7, 150), np.linspace(-1.9, 0.7, 150))
figure, axes = plt.subplots(figsize=(11, 7))
axes.contour(us, vs, cost((us, vs)), levels=[0.05, 0.25, 0.75, 1.5, 2.5, 4, 6, 9, 13], colors="gray", linewidths=0.8)
ends = {"shrinkA": 0, "shrinkB": 0}
thick = {"arrowstyle": "-|>", "color": "firebrick", "linewidth": 3, "mutation_scale": 18, **ends}
thin = {"arrowstyle": "->", "color": "forestgreen", "linestyle": "--", "linewidth": 2, "mutation_scale": 20, **ends}
for before, after in pairwise(path):
    uphill = [p + 0.1 * d for p, d in zip(before, grad(cost)(before), strict=True)]
    axes.annotate("", uphill, before, arrowprops=thin)
    axes.annotate("", after, before, arrowprops=thick)
axes.plot(*zip(*path, strict=True), "o", color="black", markersize=6)
axes.plot([], [], "-", color="firebrick", linewidth=3, label="descent, step by step")
axes.plot([], [], "--", color="forestgreen", label="gradient (uphill)")
axes.plot(0, 0, "k*", markersize=20, label="minimum")
axes.set(xlabel="u", ylabel="v", aspect="equal")
axes.legend(loc="lower left", framealpha=1, edgecolor="white")
plt.show()

# %% [markdown]
# The textbooks write $C(u') < C(u)$ as a promise. It is one for steps that are short enough: to first order the cost falls by $\eta\,\|\nabla C\|^2$, and what is neglected is proportional to $\eta^2$. Halve the step, and the difference between promise and fact falls to a quarter.

# %%
u = path[0]
gradient = grad(cost)(u)
neglected = []
for eta in (0.02, 0.01, 0.005):
    fall = cost(u) - cost([p - eta * d for p, d in zip(u, gradient, strict=True)])
    promised = eta * math.hypot(*gradient) ** 2
    neglected.append(promised - fall)
    print(f"eta = {eta:5}: promised {promised:.5f}, fell by {fall:.5f}, neglected {promised - fall:.6f}")

assert math.isclose(neglected[0] / neglected[1], 4, rel_tol=0.02)
assert math.isclose(neglected[1] / neglected[2], 4, rel_tol=0.02)

# %% [markdown]
# ## 6. The three regimes of the learning rate
#
# **Question.** How large may $\eta$ be?
#
# Near the minimum the hollow is a parabola, and in each of its main directions a step multiplies the distance from the minimum by $1 - \eta\lambda$, where $\lambda$ is the curvature in that direction: an eigenvalue of the Hessian. So the second derivative knows the answer before we try. The distance shrinks as long as $|1 - \eta\lambda| < 1$, and the largest curvature decides: $\eta < 2/\lambda_{\max}$.

# %%
curvatures = np.linalg.eigvalsh(hessian(cost)([0.0, 0.0]))
limit = 2 / curvatures[-1]
best_rate = 2 / (curvatures[0] + curvatures[-1])
print(f"curvatures {curvatures}: eta must stay below {limit:.3f}; the best is {best_rate:.3f}")

assert np.allclose(curvatures, [1.0, 5.0], rtol=1e-12)
assert math.isclose(limit, 0.4)

# %%
runs = {}
for eta in (0.004, best_rate, 0.44):
    u = [-0.8, -0.55]
    runs[eta] = [cost(u)]
    while len(runs[eta]) <= 60 and runs[eta][-1] < 1e6:
        u = [p - eta * d for p, d in zip(u, grad(cost)(u), strict=True)]
        runs[eta].append(cost(u))
    print(f"eta = {eta:.3f}: cost {runs[eta][0]:.3f} -> {runs[eta][-1]:.3g} in {len(runs[eta]) - 1} steps")
too_small, right, too_large = runs.values()

assert 0.5 * too_small[0] < too_small[-1] < too_small[0]
assert right[-1] < 1e-15
assert too_large[1] < too_large[0]
assert too_large[-1] > 1000 * too_large[0]

# %%
figure, axes = plt.subplots(figsize=(10, 5.5))
axes.semilogy(too_large, "k--", label=f"too large: 0.44 > 2/λ = {limit:.1f}")
axes.semilogy(too_small, "k-.", label="too small: 0.004")
axes.semilogy(right, "k-", label=f"right: {best_rate:.3f}")
axes.set(xlabel="step", ylabel="cost", ylim=(1e-12, 1e4), xlim=(0, 60))
axes.legend(frameon=False, loc="center right")
plt.show()

# %% [markdown]
# Too small, and sixty steps do not even halve the cost. Right, and the error falls by a constant factor per step: a straight line in this picture. Too large, and the steps overshoot the hollow by more each time. Note how innocent the run with 0.44 looks in the beginning: the cost falls, because the flat direction improves, while the steep one already grows.
#
# The factors can be foretold exactly. With the best rate both directions shrink by $\left|1 - \eta\lambda\right| = \frac{5 - 1}{5 + 1}$, and the cost by its square.

# %%
factor = right[40] / right[39]
print(f"cost per step: predicted {(4 / 6) ** 2:.6f}, observed {factor:.6f}")

assert math.isclose(factor, (4 / 6) ** 2, rel_tol=1e-5)

# %% [markdown]
# **A limit, said aloud.** A Hessian of $n$ parameters has $n^2$ numbers, and its largest curvature is different at every point. For a network nobody computes it all; the learning rate is found by trying, and optimizers such as Adam adapt it for each parameter as they go.
#
# ## What to try next
#
# 1. Give the pendulum friction, $\theta'' = -\frac gl \sin\theta - c\,\theta'$. After how many seconds does the slope by the start stop to matter?
# 2. Let go at 3.1, almost upright. How large is $\partial T / \partial \theta_0$? Compare with the exact period, and find out how small `h` must be.
# 3. The price of a put is that of a call minus $S$ plus $K e^{-rT}$. Which of its Greeks differ from those of the call? Guess, then differentiate.
# 4. What volatility would make the call worth 8? Solve `call(S, K, T, r, sigma) = 8` for `sigma` by Newton's method, with vega as the slope.
# 5. Start Newton's method for `rosenbrock` at $(0, 0.0049)$. Look at the Hessian there. Why is the first jump so long? And what is wrong with $(0, 0.005)$?
# 6. Draw figure 6 for `eta = 0.36`, just below the limit. What do the red arrows do?
