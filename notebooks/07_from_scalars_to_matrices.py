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
# # 7. From scalars to matrices
#
# **Question.** Every chapter so far computed with single numbers, one node each. The textbooks write $Z = W A + b$ and $\frac{\partial C}{\partial W} = \frac{\partial C}{\partial Z} A^\top$ instead. Where do these equations come from? Can they be *found* in the graph of single numbers, by a program, without being told?
#
# They can. `jit` records what a function does to its numbers, looks for the pattern, and writes the matrix program down. This chapter watches it do so, from one neuron to a network that reads handwritten digits.

# %%
import random
import statistics
import time

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import Value, dot, gradients, jit, sigmoid, value_and_grad

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## A neuron
#
# A neuron with three inputs, written as plainly as possible: multiply, add, bend. The labels will tell us later which number is which.

# %%
w = [Value(weight, label=f"w[{k}]") for k, weight in enumerate([0.5, -1.0, 0.25])]
b = Value(0.1, label="b")


def neuron(x):
    z = b
    for w_k, x_k in zip(w, x, strict=True):
        z = z + w_k * x_k
    return sigmoid(z)


fast_neuron = jit(neuron)
x = [1.0, 0.5, -1.0]

print("as it is written:", neuron(x).data)
print("through jit:     ", fast_neuron(x).data)
assert abs(fast_neuron(x).data - neuron(x).data) < 1e-15

# %% [markdown]
# **Recorded.** The first call of a jitted function runs it once and keeps the graph that it left: a list of instructions, operands before results. Numbers that were handed in are inputs. Numbers that were there before, like the weights, are *captured*: they are read anew in each call.

# %%
print(fast_neuron.program.recorded)

assert len(fast_neuron.program.recorded) == 14

# %% [markdown]
# **Normalised.** $((b + w_0 x_0) + w_1 x_1) + w_2 x_2$ is a chain of three additions, but as mathematics it is one sum of products. Addition does not care for the order, so the chain may be told as a single *weighted sum*. (On floats a sum in another order may differ in the last digits. `jit` promises the same numbers up to such rounding.)

# %%
print(fast_neuron.program.normalised)

assert [row[1] for row in fast_neuron.program.normalised][-2:] == ["weighted sum", "sigmoid"]

# %% [markdown]
# **Rolled.** The left factors of the weighted sum lie beside each other, and so do the right ones. So it is the product of a row and a column, $z = w \cdot x + b$, and fourteen scalars have become two statements.

# %%
print(fast_neuron.program.rolled)

assert [row[0] for row in fast_neuron.program.rolled] == ["z1", "a1"]
assert fast_neuron.program.rolled[0][2] == "w @ x + b"

# %% [markdown]
# ## A layer
#
# Now four neurons that see the same three inputs. After normalising there are four weighted sums, and the program sees that they are alike: the same operation, of operands that come from the same places. Their left factors are the rows of a table, their right factors are the same three numbers each time. What does that make?

# %%
layer = nn.Layer(3, 4, activation="sigmoid", rng=random.Random(2))
fast_layer = jit(layer)
fast_layer(x)

print(fast_layer.program)
assert fast_layer.program.rolled[0][2] == "W1 @ x + b1"

# %% [markdown]
# A matrix times a vector, one row for each neuron, and nobody said *matrix*. The rule by which it was found: if the left operands of a group of weighted sums depend, besides $k$, on one index $j$ only, and the right operands on another index $i$ only, and each pair $(j, i)$ occurs once, then the group is a matrix product,
#
# $$z_{ji} = \sum_k W_{jk}\, a_{ki} + b_j .$$
#
# Where no such pattern is found, none is assumed: the numbers are then picked one by one, or the operation stays a single one. So the program can be slow where a graph is irregular, but not wrong.
#
# ## A network, and how it learns
#
# A small network with the quadratic cost, as in chapter 5. The function takes one example; `mean` takes many and puts each into a column of its own.

# %%
model = nn.MLP(3, [4, 2], activation="sigmoid", output="sigmoid", rng=random.Random(3))
rng = random.Random(4)
X = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(6)]
Y = [[1.0, 0.0] if sum(x) > 0 else [0.0, 1.0] for x in X]

loss = jit(lambda x, y: nn.quadratic(model(x), y))
cost = loss.mean(X, Y)
print(loss.source)

# %% [markdown]
# This is the textbook, derived by a program. Read `gradient` from the top. The first half is the forward pass, with what the way back will need kept under a name. Then comes $\partial C/\partial a$ of the last layer, and from there on each line is one of the equations of backpropagation:
#
# | in the source | in the textbook |
# |:--|:--|
# | `dz2 = dv1 * (...)` | $\delta^L = \nabla_a C \odot \sigma'(z^L)$ |
# | `da1 = W2.T @ dz2`, `dz1 = da1 * (...)` | $\delta^l = (W^{l+1})^\top \delta^{l+1} \odot \sigma'(z^l)$ |
# | `matmul(dz2, a1.T, out=dW2)` | $\partial C / \partial W^l = \delta^l\, (a^{l-1})^\top$ |
# | `db2[...] = dz2.sum(1)` | $\partial C / \partial b^l = \sum_x \delta^{l,x}$ |
#
# The transposed matrix and the sum over the examples were not put in by hand. $W$ is shared by all columns, so what the columns say about it has to be added up; the sum over the columns of `dz2` times the rows of `a1` *is* the product with the transpose.
#
# And the numbers are those of the scalar graph.

# %%
parameters = model.parameters()
scalar_cost = sum(nn.quadratic(model(x), y) for x, y in zip(X, Y, strict=True)) / len(X)
scalar = np.array(gradients(scalar_cost, parameters))
matrix = np.array(gradients(cost, parameters))
difference = np.abs(matrix - scalar).max() / np.abs(scalar).max()
print(f"{len(parameters)} derivatives, largest relative difference {difference:.0e}")

statements = [line.split("  #")[0].strip() for line in loss.source.splitlines()]
assert {"da1 = W2.T @ dz2", "matmul(dz2, a1.T, out=dW2)", "db2[...] = dz2.sum(1)"} <= set(statements)
assert difference < 1e-14

# %% [markdown]
# ## A loop over the examples
#
# Nobody has to call `mean`. Here is a cost the way a first program is written: a Python loop over the examples, neurons that add up products one after the other, and a term that keeps the weights small. Inside there is no vector anywhere.

# %%
moons, classes = nn.data.moons(100, noise=0.1, rng=random.Random(1))
signs = [2 * y - 1 for y in classes]
network = nn.MLP(2, [16, 16, 1], rng=random.Random(2))


def score(x):
    for layer in network.layers:
        sums = [sum((w * a for w, a in zip(n.w, x, strict=True)), n.b) for n in layer.neurons]
        x = [z.relu() if n.nonlin else z for z, n in zip(sums, layer.neurons, strict=True)]
    return x[0]


def total_loss():
    inputs = [list(map(Value, row)) for row in moons]
    losses = [(1 + -y * score(x)).relu() for x, y in zip(inputs, signs, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in network.parameters())


fast_total = jit(total_loss)
fast_total()
print(fast_total.program)

assert len(fast_total.program.recorded) > 60_000
assert len(fast_total.program.rolled) <= 13

# %% [markdown]
# More than sixty thousand numbers, and eleven statements. The matrix `c1` holds the hundred points, one in each row, because that is how the loop went through them; so the same equations appear transposed, `c1 @ W1.T`. The term that keeps the weights small has become the product of the vector of all parameters with itself.

# %%
scalar = np.array(gradients(total_loss(), network.parameters()))
matrix = np.array(gradients(fast_total(), network.parameters()))
difference = np.abs(matrix - scalar).max() / np.abs(scalar).max()
print(f"{len(scalar)} derivatives, largest relative difference {difference:.0e}")

assert difference < 1e-13

# %% [markdown]
# ## Not everything is a matrix
#
# Neighbours in a list are slices of it. In Rosenbrock's function, $\sum_i \left( 100\,(x_{i+1} - x_i^2)^2 + (1 - x_i)^2 \right)$, every number meets the next one, and the program that comes out has no matrix, but `x[1:10]` and `x[0:9]`.

# %%
rosenbrock = jit(lambda x: sum([100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(9)]))
rosenbrock([Value(0.1 * i) for i in range(10)])
print(rosenbrock.program.rolled)

assert "x[1:10]" in rosenbrock.source

# %% [markdown]
# **A limit, said aloud.** A program is a record of what happened once. If the function takes a branch, `if x > 0`, the record holds for numbers that take the same branch. `jit` therefore keeps each comparison as a *guard*, looks at it in every call, and records the other way when it is needed (up to 32 ways). In a batch each example follows its own.


# %%
def bent(x):
    return 3.0 * x if x > 0 else 0.5 * x


fast_bent = jit(bent)
for number in (2.0, -2.0):
    print(f"bent({number}) = {fast_bent(Value(number)).data}")
print(fast_bent.map([2.0, -2.0, 1.0, -1.0]))

assert fast_bent.map([2.0, -2.0, 1.0, -1.0]).tolist() == [6.0, -1.0, 3.0, -0.5]

# %% [markdown]
# What no record can hold is a function that looks at something else than its arguments: `.data`, random numbers, the time. `jit` runs the function itself once more after the first call, and where the two differ it says so instead of going on with frozen numbers.
#
# ## The network that reads
#
# The textbook's own network: $28 \times 28$ pixels, 30 hidden neurons, 10 digits. One example is a graph of more than twenty thousand nodes, and this is what becomes of it. (The images are random pixels here, since only the program and its time matter.)

# %%
textbook = nn.MLP(784, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=random.Random(5))
images = [[rng.random() for _ in range(784)] for _ in range(10)]
targets = [[float(k == i) for k in range(10)] for i in range(10)]
read = jit(lambda x, y: nn.quadratic(textbook(x), y))
read.mean(images, targets)
print(f"{len(textbook.parameters()):,} parameters, {len(read.program.recorded):,} scalars")
print(read.source)

assert len(read.source.splitlines()) <= 40
assert "z1 = W1 @ x + b1" in read.source

# %% [markdown]
# ## What it is worth
#
# Ways to compute cost and gradient of that network for ten examples, each as its user calls it: the scalar graph; the function that `jit` made, with its parameters in 23,860 `Value`s, or kept in one array while we train; the same cost as a function of arrays, in which no `Value` occurs; and the equations written in NumPy by hand. Each is repeated, and the median counts; the times are those of the machine that made this page, and the first column says more than the second.

# %%
W1, W2 = (np.array([[w.data for w in n.w] for n in layer.neurons]) for layer in textbook.layers)
b1, b2 = (np.array([[n.b.data] for n in layer.neurons]) for layer in textbook.layers)
x, y = np.array(images).T, np.array(targets).T


def by_hand():
    a1 = 1 / (1 + np.exp(-(W1 @ x + b1)))
    a2 = 1 / (1 + np.exp(-(W2 @ a1 + b2)))
    d2 = (a2 - y) * a2 * (1 - a2) / 10
    d1 = (W2.T @ d2) * a1 * (1 - a1)
    return 0.5 * ((a2 - y) ** 2).sum() / 10, (d1 @ x.T, d1.sum(1), d2 @ a1.T, d2.sum(1))


def cost_of(params, x, y):
    for layer in params.values():
        x = [sigmoid(dot(row, x) + b) for row, b in zip(layer["W"], layer["b"], strict=True)]
    return 0.5 * sum((a - t) ** 2 for a, t in zip(x, y, strict=True))


def median_time(work, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def scalar_graph():
    total = sum(nn.quadratic(textbook(x), y) for x, y in zip(images, targets, strict=True)) / 10
    return gradients(total, textbook.parameters())


def over_values():
    read.mean(x.T, y.T).backward()


params = {"hidden": {"W": W1, "b": b1[:, 0]}, "output": {"W": W2, "b": b2[:, 0]}}
of_arrays = value_and_grad(jit(cost_of, shared="params").mean)

times = {"scalar graph": median_time(scalar_graph, 3), "jit, over Values": median_time(over_values, 50)}
with read.arrays(textbook.parameters()):
    times["jit, Values in an array"] = median_time(lambda: read.mean(x.T, y.T), 500)
times["jit, of arrays"] = median_time(lambda: of_arrays(params, x.T, y.T), 500)
times["NumPy by hand"] = median_time(by_hand, 500)
for way, seconds in times.items():
    print(f"{way:24} {times['scalar graph'] / seconds:10,.0f} times as fast {1e6 * seconds:12,.0f} µs")

cost, gradient = of_arrays(params, x.T, y.T)
assert np.isclose(cost, by_hand()[0], rtol=1e-12)
assert np.allclose(gradient["hidden"]["W"], by_hand()[1][0], rtol=1e-9)
found = gradients(read.mean(x.T, y.T), textbook.parameters())
assert np.allclose(found[:784], gradient["hidden"]["W"][0], rtol=1e-9)
assert np.allclose(found, scalar_graph(), rtol=1e-9, atol=1e-15)

# %% [markdown]
# What is between the function of arrays and NumPy by hand is mostly the way to the program: to see that the arguments are arranged as before, to put the examples side by side, to give back fresh arrays. What takes time over `Value`s is to read 23,860 of them and to write as many gradients. While a network is trained nobody looks at them. So within `with read.arrays(parameters) as (P, dP)` the array `P` is what counts, a step is `P -= 0.1 * dP`, and the `Value`s are brought up to date on leaving. `nn.fit` does the same, once for each epoch, and takes the same steps as without `jit`.

# %%
digits, labels = nn.data.digits()
histories, seconds = {}, {}
for rolled in (False, True):
    student = nn.MLP(64, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=random.Random(0))
    options = {"optimizer": nn.SGD(lr=3.0), "epochs": 2, "batch_size": 32, "rng": random.Random(1)}
    start = time.perf_counter()
    histories[rolled] = nn.fit(
        student, digits[:300], labels[:300], loss=nn.quadratic, jit=rolled, progress=False, **options
    )
    seconds[rolled] = time.perf_counter() - start
print("mean cost after each epoch:", [round(cost, 6) for cost in histories[True].loss])
print(f"scalar by scalar {seconds[False]:.2f} s, with jit {seconds[True]:.2f} s, recording included")

assert np.allclose(histories[True].loss, histories[False].loss, rtol=1e-9)

# %%
figure, axes = plt.subplots(figsize=(10, 3))
axes.barh(
    list(times), [1e6 * seconds for seconds in times.values()], color=["0.2", "0.45", "0.65", "0.85"], edgecolor="k"
)
axes.set(xscale="log", xlabel="microseconds for one gradient (each step of the axis is a factor of 10)")
axes.invert_yaxis()
figure.tight_layout()
plt.show()

# %% [markdown]
# ## What to try next
#
# 1. Give the neuron of the first section a fourth weight that is the same `Value` as the first. What becomes of `w @ x`?
# 2. Write a layer in which each neuron sees only its two neighbours. Which form does the program find: a matrix, or slices?
# 3. Record `max(x)` of a list of five numbers, with Python's own `max`. How many ways through it do you meet? And with `autograd.maximum`?
# 4. Take the derivative of the derivative: print `jit(grad(f)).source` for $f(x) = \sin(x^2)$. Where do you find $f''$?
# 5. Which line of `loss.source` would change for the cross-entropy? Guess, then look.
