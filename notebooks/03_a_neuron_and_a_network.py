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
# # 3. A neuron and a network
#
# **Question.** Chapter 2 knows how a result answers to every number in a formula. What if some of these numbers are wrong, and we know better results? Can a formula find its own numbers, by going down the slope?
#
# We build a neuron and a network out of nothing but `Value`s, see what they compute, and let them learn twice: to tell two crescents of points apart, and to read handwritten digits.

# %%
import random

import matplotlib.pyplot as plt

import nn
from autograd import Value, dot, draw, elementwise, graph, matvec, relu, sigmoid, tanh

plt.rcParams.update({"font.size": 14, "figure.figsize": (10, 4.5), "lines.linewidth": 2})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## A neuron
#
# **Convention.** A neuron receives numbers $a_1, \dots, a_n$. It has a *weight* $w_k$ for each and one *bias* $b$. It adds up the *weighted input* $z$ and bends it by an *activation function* $\sigma$; the result is its *activation* $a'$, which other neurons may receive.
#
# $$z = w_1 a_1 + \dots + w_n a_n + b = w \cdot a + b, \qquad a' = \sigma(z)$$
#
# The weights say what the neuron looks for, the bias how easily it is pleased, and $\sigma$ makes of this an answer. The classical $\sigma$ is the *sigmoid* $\sigma(z) = \frac{1}{1 + e^{-z}}$: near 0 for no, near 1 for yes.

# %%
figure, axes = plt.subplots()
zs = [k / 20 for k in range(-80, 81)]
axes.plot(zs, [sigmoid(z) for z in zs], "k-", label="sigmoid")
axes.plot(zs, [tanh(z) for z in zs], "k--", label="tanh")
axes.plot(zs, [relu(z) for z in zs], "k:", label="relu")
axes.axhline(0, color="0.7", linewidth=1, zorder=0)
axes.set(xlabel="weighted input z", ylabel="activation", ylim=(-1.2, 2.2))
axes.legend(frameon=False)
plt.show()

assert sigmoid(0.0) == 0.5
assert tanh(0.0) == relu(-1.0) == 0.0

# %% [markdown]
# Why bend at all? Without $\sigma$ a network of any depth would be one weighted sum, and draw nothing but straight lines.
#
# Here is a real neuron with three inputs. Its weights are drawn at random, its bias starts at 0; seven numbers go in, and four of them are its own. The weighted sum is a single node, `dot`. (Python counts from 0, so $w_1$ is `w[0]`.)

# %%
neuron = nn.Neuron(3, activation="sigmoid", rng=random.Random(1))
for name, parameter in neuron.named_parameters():
    parameter.label = name
inputs = [Value(1.0, label="a[0]"), Value(0.5, label="a[1]"), Value(-1.0, label="a[2]")]

out = neuron(inputs)
z = out.parents[0]
out.backward()

assert z.data == dot([w.data for w in neuron.w], [1.0, 0.5, -1.0], neuron.b.data)
assert out.data == sigmoid(z.data)

# %%
draw(out)

# %% [markdown]
# The gradients are what chapter 2 leads us to expect: each weight gets $a_k \cdot \sigma'(z)$, each input $w_k \cdot \sigma'(z)$, and the bias $\sigma'(z)$ itself. In words: a weight matters as much as the input that it is multiplied by.

# %%
slope = out.partials[0]

assert neuron.b.grad == slope
assert all(w.grad == a.data * slope for w, a in zip(neuron.w, inputs, strict=True))
assert all(a.grad == w.data * slope for w, a in zip(neuron.w, inputs, strict=True))

# %% [markdown]
# ## A layer, and a network
#
# A *layer* is several neurons that receive the same numbers. A *network* is several layers, each receiving the activations of the one before; those before the last are called *hidden*.
#
# **Convention.** $w_{jk}$ is the weight *to* neuron $j$ of a layer *from* neuron $k$ of the layer before. The weights of one neuron form one row, so the rows make a matrix $W$ with a row for each neuron and a column for each input, the biases make a vector $b$, and a layer computes $a' = \sigma(W a + b)$, where $\sigma$ bends each element by itself.

# %%
layer = nn.Layer(3, 4, activation="sigmoid", rng=random.Random(2))
W = [[w.data for w in neuron.w] for neuron in layer.neurons]
b = [neuron.b.data for neuron in layer.neurons]
a = [1.0, 0.5, -1.0]

from_neurons = [out.data for out in layer(a)]
from_matrix = elementwise(sigmoid, matvec(W, a, b))
print("neuron by neuron:", [round(number, 6) for number in from_neurons])
print("sigma(W a + b):  ", [round(number, 6) for number in from_matrix])

assert (len(W), len(W[0])) == (4, 3)
assert from_neurons == from_matrix

# %% [markdown]
# Two networks, drawn from the objects themselves. On the left every connection of a small one: a solid line is a positive weight, a dashed line a negative one, and the thicker the line, the larger the weight. On the right the network that will read digits, with 64 inputs, 30 neurons in the hidden layer and 10 at the end; most of it is left out.

# %%
kind = {"activation": "sigmoid", "output": "sigmoid", "init": "xavier"}
small = nn.MLP(3, [4, 2], **kind, rng=random.Random(3))
reader = nn.MLP(64, [30, 10], **kind, rng=random.Random(0))

figure, panels = plt.subplots(1, 2, figsize=(12, 6))
for panel, model in zip(panels, [small, reader], strict=True):
    sizes = [len(model.layers[0].neurons[0].w), *[len(layer.neurons) for layer in model.layers]]
    heights = []
    for column, size in enumerate(sizes):
        slots = list(range(size))
        if size > 10:
            slots[4:-4] = [None]
        heights.append({k: (len(slots) - 1) / 2 - i for i, k in enumerate(slots)})
        for k, y in heights[-1].items():
            if k is None:
                panel.text(column, y, "⋮", ha="center", va="center", fontsize=22)
            else:
                panel.plot(column, y, "ko", markersize=20, markerfacecolor="white")
                panel.text(column, y, k, ha="center", va="center_baseline", fontsize=11)
    for column, layer in enumerate(model.layers):
        for j, neuron in enumerate(layer.neurons):
            for k, w in enumerate(neuron.w):
                if j in heights[column + 1] and k in heights[column]:
                    ends = [heights[column][k], heights[column + 1][j]]
                    width = 0.2 + 2.5 * abs(w.data)
                    style = "-" if w.data > 0 else "--"
                    panel.plot([column, column + 1], ends, f"k{style}", linewidth=width, zorder=0)
    top = max(map(len, heights)) / 2
    for column, size in enumerate(sizes):
        panel.text(column, 1.05 * top, f"{size} {'neurons' if column else 'inputs'}", ha="center")
    panel.set(xlim=(-0.3, 2.3), ylim=(-top, 1.2 * top))
    panel.axis("off")
figure.tight_layout()
plt.show()

print(len(small.parameters()), "and", len(reader.parameters()), "parameters")
assert len(small.parameters()) == (3 * 4 + 4) + (4 * 2 + 2) == 26
assert len(reader.parameters()) == (64 * 30 + 30) + (30 * 10 + 10) == 2260

# %% [markdown]
# ## The cost, and one step down
#
# **Convention.** The *target* $y$ is the output that we want. The *quadratic cost* says how far the output $a$ is from it, and 0 is best:
#
# $$C = \tfrac{1}{2} \lVert a - y \rVert^2 = \tfrac{1}{2} \sum_k (a_k - y_k)^2, \qquad \frac{\partial C}{\partial a_k} = a_k - y_k$$

# %%
target = [1.0, 0.0]
outputs = small([1.0, 0.5, -1.0])
cost = nn.quadratic(outputs, target)
cost.backward()
print(f"outputs {outputs[0]:.4f} and {outputs[1]:.4f}, cost {cost:.4f}")

assert cost.data == sum((a.data - y) ** 2 for a, y in zip(outputs, target, strict=True)) / 2
assert [a.grad for a in outputs] == [a.data - y for a, y in zip(outputs, target, strict=True)]

# %% [markdown]
# The gradient of the cost says for each of the 26 parameters which way is up. *Gradient descent* goes the other way, by a small multiple $\eta$ (the *learning rate*) of the gradient: $u' = u - \eta \frac{\partial C}{\partial u}$. The cost must fall, if the step is small enough.

# %%
for parameter in small.parameters():
    parameter.data -= 0.5 * parameter.grad
after = nn.quadratic(small([1.0, 0.5, -1.0]), target)
print(f"cost {cost:.4f} before the step, {after:.4f} after it")

assert after < cost

# %% [markdown]
# That is all there is to learning: forward, backward, a step down, and again. With many examples the cost is the mean over the examples. `fit` repeats this for small groups of them (*batches*), and calls one pass through all examples an *epoch*.
#
# ## Two crescents
#
# A hundred points on two crescents, 50 on each, with a little noise. No straight line parts them. The network has 2 inputs, 8 neurons with tanh in between, and one with a sigmoid at the end, whose answer should be 1 for the one crescent and 0 for the other.

# %%
points, labels = nn.data.moons(100, noise=0.1, rng=random.Random(0))
rng = random.Random(5)
model = nn.MLP(2, [8, 1], activation="tanh", output="sigmoid", rng=rng)

xs = [k / 20 for k in range(-30, 51)]
ys = [k / 20 for k in range(-20, 31)]
before = [[model([x, y]).data for x in xs] for y in ys]
accuracy_before = nn.accuracy(model, points, labels, threshold=0.5)

history = nn.fit(
    model,
    points,
    labels,
    loss=nn.quadratic,
    optimizer=nn.SGD(lr=3.0),
    epochs=60,
    batch_size=10,
    rng=rng,
    progress=False,
)

after = [[model([x, y]).data for x in xs] for y in ys]
accuracy_after = nn.accuracy(model, points, labels, threshold=0.5)
print(f"right before: {accuracy_before:.0%}   right after: {accuracy_after:.0%}")

assert len(history.loss) == 60
assert history.loss[-1] < history.loss[0] / 4
assert accuracy_before < 0.8
assert accuracy_after >= 0.95

# %% [markdown]
# The network answers for every point of the plane. Where it says 1 (more than one half) the plane is hatched, and the line is where it cannot decide.

# %%
figure, panels = plt.subplots(1, 2, figsize=(12, 5), sharey=True)
titles = [f"before: {accuracy_before:.0%} right", f"after: {accuracy_after:.0%} right"]
for panel, answers, title in zip(panels, [before, after], titles, strict=True):
    panel.contourf(xs, ys, answers, levels=[0.5, 1], colors="none", hatches=["//"])
    panel.contour(xs, ys, answers, levels=[0.5], colors="black", linewidths=2.5)
    for label, marker, fill in [(0, "o", "white"), (1, "^", "black")]:
        chosen = [point for point, own in zip(points, labels, strict=True) if own == label]
        look = {"markerfacecolor": fill, "markersize": 7, "label": f"target {label}"}
        panel.plot(*zip(*chosen, strict=True), f"k{marker}", **look)
    panel.set(title=title, xlabel="$x_1$", xticks=[-1, 0, 1, 2], aspect="equal")
panels[0].set_ylabel("$x_2$")
panels[0].legend(loc="upper right", framealpha=1)
figure.tight_layout()
plt.show()

# %% [markdown]
# How did the cost fall on the way?

# %%
axes = history.plot()
axes.set(title="Two crescents", ylabel="mean cost of the epoch", ylim=(0, None))
plt.show()

# %% [markdown]
# These are the points that the network has learned from. Fresh ones, from the same crescents, are the better judges.

# %%
fresh_points, fresh_labels = nn.data.moons(500, noise=0.1, rng=random.Random(1))
fresh = nn.accuracy(model, fresh_points, fresh_labels, threshold=0.5)
print(f"right on 500 fresh points: {fresh:.1%}")

assert fresh > 0.9

# %% [markdown]
# ## Handwritten digits
#
# 1,797 digits, written by people, as pictures of 8 by 8 pixels. A picture is a list of 64 numbers from 0 (paper) to 1 (ink).

# %%
images, digits = nn.data.digits()

figure, panels = plt.subplots(2, 10, figsize=(12, 3.2))
for panel, image, digit in zip(panels.flat, images, digits, strict=False):
    panel.imshow([image[row * 8 : row * 8 + 8] for row in range(8)], cmap="gray_r", vmin=0, vmax=1)
    panel.set_title(digit)
    panel.axis("off")
figure.tight_layout()
plt.show()

assert len(images) == len(digits) == 1797
assert len(images[0]) == 64
assert digits[:10] == list(range(10))

# %% [markdown]
# **Convention.** The network has ten outputs, one for each digit. The target for a 4 is *one-hot*: 1 at place 4 and 0 elsewhere. The digit that the network predicts is the place of its largest output, the *argmax*. `nn.quadratic` takes the digit itself as a target and means the one-hot vector.

# %%
digit = 4
one_hot = [1.0 if k == digit else 0.0 for k in range(10)]
outputs = reader(images[4])
print("one-hot target:", one_hot)
print("outputs now:   ", [round(a.data, 1) for a in outputs])

assert nn.argmax(one_hot) == digit == digits[4]
assert nn.quadratic(outputs, digit).data == nn.quadratic(outputs, one_hot).data

# %% [markdown]
# The network on the right of the drawing above, 64-30-10 with sigmoids and 2,260 parameters, has not learned anything yet. We shuffle the digits, put 297 aside for the test, and train on the other 1,500: four epochs, in batches of ten.

# %%
rng = random.Random(0)
order = rng.sample(range(len(images)), len(images))
test, training = order[:297], order[297:]
test_images, test_digits = [images[i] for i in test], [digits[i] for i in test]
guessing = nn.accuracy(reader, test_images, test_digits)

history = nn.fit(
    reader,
    [images[i] for i in training],
    [digits[i] for i in training],
    loss=nn.quadratic,
    optimizer=nn.SGD(lr=3.0),
    epochs=4,
    batch_size=10,
    rng=rng,
    validation=(test_images, test_digits),
    progress=False,
)
reading = history.validation_accuracy[-1]
print(f"right before training: {guessing:.1%}")
for epoch, share in enumerate(history.validation_accuracy, start=1):
    print(f"right after epoch {epoch}:  {share:.1%}")

assert guessing < 0.25
assert reading > 0.9
assert history.loss[-1] < history.loss[0] / 4

# %%
axes = history.plot()
axes.set(title="Digits", ylabel="mean cost of the epoch", ylim=(0, None), xticks=range(1, 5))
plt.show()

# %% [markdown]
# The dashed line is the cost of the test digits. It is measured at the end of an epoch, the training cost during it, with worse parameters; that is why it lies below at first. We only look at it. Whoever decides by it when to stop needs a third part of the digits for the test.
#
# Now let it read digits that it has never seen. First the mistakes, framed, then others.

# %%
predictions = [nn.argmax(reader(image)) for image in test_images]
wrong = [i for i, digit in enumerate(test_digits) if predictions[i] != digit]
right = [i for i, digit in enumerate(test_digits) if predictions[i] == digit]
shown = [*wrong[:8], *right][:24]

figure, panels = plt.subplots(3, 8, figsize=(12, 6))
for panel, i in zip(panels.flat, shown, strict=True):
    rows = [test_images[i][row * 8 : row * 8 + 8] for row in range(8)]
    panel.imshow(rows, cmap="gray_r", vmin=0, vmax=1)
    panel.set(xticks=[], yticks=[])
    panel.set_title(f"{predictions[i]}, not {test_digits[i]}" if i in wrong else predictions[i])
    for side in panel.spines.values():
        side.set(visible=i in wrong, linewidth=3)
figure.tight_layout()
plt.show()

print(len(wrong), "of", len(test_digits), "wrong")
assert len(wrong) == round((1 - reading) * len(test_digits))

# %% [markdown]
# What do the ten outputs say? On the left a digit that was read rightly, on the right one that was not. The outline is the target, the hatched bars are the outputs.

# %%
figure, panels = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
for panel, i in zip(panels, [right[0], wrong[0]], strict=True):
    outputs = [a.data for a in reader(test_images[i])]
    target = [1.0 if k == test_digits[i] else 0.0 for k in range(10)]
    panel.bar(range(10), target, width=0.85, color="none", edgecolor="black", linewidth=2)
    panel.bar(range(10), outputs, width=0.55, color="0.85", edgecolor="black", hatch="///")
    panel.set_title(f"a {test_digits[i]}, read as {nn.argmax(outputs)}")
    panel.set(xlabel="output", xticks=range(10))
panels[0].set_ylabel("activation")
figure.tight_layout()
plt.show()

# %% [markdown]
# Each output is a number of its own: nothing makes the ten add up to 1, so they are no probabilities. All that counts here is which is largest.
#
# ## What it does not do
#
# - **The test is a mild one.** The same people wrote the digits of both parts. On the hand of a stranger the network would do several percent worse.
# - **One run is one run.** Other random weights, another order of the digits, and the accuracy moves by a percent or two. With so few test digits, do not argue about the last one.
# - **Down is not the lowest.** At best, gradient descent ends in a place from which every small step leads up. Nobody promises that there is none lower.
# - **Nodes by the million.** Every connection has two local partials, by the weight and by the input, and each of them is a Python number that is made anew for each picture. To see every step is worth that price; to train for an hour is not.

# %%
cost = nn.quadratic(reader(images[0]), digits[0])
partials = sum(len(node.partials) for node in graph.order(cost))
print(f"local partials for one picture: {partials:,}")

assert partials > 2 * (64 * 30 + 30 * 10)

# %% [markdown]
# ## What to try next
#
# 1. Train the crescents with `activation="relu"`, then with `activation="linear"`. What do the lines look like, and why?
# 2. Give the hidden layer 2 neurons, then 30. When is it too small for the crescents?
# 3. Multiply the learning rate by 10, then divide it by 100, and look at the curve of the cost.
# 4. Split the digits in the order of the file, the last 297 for the test: then the test comes from other hands. How much worse is it?
# 5. Draw the 64 weights of one neuron of the hidden layer as a picture of 8 by 8. What does it look for?
# 6. Which digit is taken for which? Count the pairs among the mistakes.
