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
# # 8. Step through backprop
#
# **Question.** A gradient arrives as one number at the end. Where did it come from? Can we watch it on its way, check every single multiplication with a pencil, and find the place where our own idea of it was wrong?
#
# Chapter 2 explained what backward does. This chapter is for looking at it: as a derivation in symbols and numbers, as a list of steps, and as a page that goes forward and backward through a graph, one node at a time.

# %%
import random

import nn
from autograd import Value, animate, draw, explain, name_from, quiz, steps, tanh

# %% [markdown]
# ## The derivation, with numbers
#
# A neuron with two inputs. `name_from(locals())` gives each `Value` the name of the variable that holds it, so the drawings and formulas below speak of `w1`, not of a number.

# %%
x1, x2 = Value(2.0), Value(0.0)
w1, w2 = Value(-3.0), Value(1.0)
b = Value(6.8813735870195432)
z = x1 * w1 + x2 * w2 + b
o = tanh(z)
name_from(locals())
o.backward()

draw(o)

# %% [markdown]
# `explain` writes down what happened: the forward pass with the numbers put in, then the gradient of every node, each with the product that it is made of. A teacher may put this on the board; you may check every line.

# %%
explain(o)

# %%
gradients = {name: round(leaf.grad, 6) for name, leaf in {"x1": x1, "w1": w1, "x2": x2, "w2": w2}.items()}
print(gradients)

assert gradients == {"x1": -1.5, "w1": 1.0, "x2": 0.5, "w2": 0.0}

# %% [markdown]
# Often only one of the gradients is in doubt. Then ask for that: the derivation follows the path from the result down to it.

# %%
explain(o, wrt=w1)

# %% [markdown]
# ## Several ways down
#
# A number that is used twice can move the result in two ways, and what comes along them adds up. In $y = x \cdot \sin x$ the two ways are the two terms of the product rule; nobody has to remember that rule.

# %%
x = Value(2.0, label="x")
y = x * x.sin()
y.label = "y"
explain(y, wrt=x)

# %%
y.backward()
by_the_product_rule = x.sin().data + 2.0 * x.cos().data
print(f"backward: {x.grad:.12f}, product rule: {by_the_product_rule:.12f}")

assert abs(x.grad - by_the_product_rule) < 1e-15

# %% [markdown]
# How many ways can there be? Double a number fifty times, $a_{k+1} = a_k + a_k$, and there are $2^{50}$ ways from the result down to the first one. Following each would take longer than we have. Backward visits every node once, which is why it is quick at all: it adds up at a node *before* it goes on.

# %%
doubled = start = Value(1.0, label="a")
for _ in range(50):
    doubled = doubled + doubled
derivation = explain(doubled, wrt=start).text()
print("\n".join(line for line in derivation.splitlines() if "path" in line or "visit" in line))
doubled.backward()

assert start.grad == 2.0**50
assert "1,125,899,906,842,624" in derivation

# %% [markdown]
# ## The steps as data
#
# All of this is made from one list. `steps` runs backward without touching any gradient and hands out what it does as records: from which node to which operand, the gradient that arrives, the local partial, and their product.

# %%
records = list(steps(o))
for step in records:
    print(step)

# %%
first = records[0]
print(f"{first.contribution:.6f} = {first.upstream:.6f} x {first.partial:.6f}")

assert first.contribution == first.upstream * first.partial
assert records[-1].after in {leaf.grad for leaf in (x1, x2, w1, w2)}

# %% [markdown]
# ## The page
#
# `animate` makes a page of these records. Use the buttons, the slider or the arrow keys. Point at a node to see what has happened to it so far. And change a leaf: what if `w1` were $-2$? Forward and backward are computed again, in the page, by the same rules.

# %%
page = animate(o)
page

# %% [markdown]
# The page needs no server and no network. `page.save("steps.html")` writes it to a file that any browser opens, and `python -m autograd "tanh(w*x + b)" w=-3 x=2 b=6.9 --html steps.html` does it from the command line.

# %%
text = page._repr_html_()
print(f"{len(text) / 1024:.0f} KB")

assert len(text) < 150 * 1024
assert "http://" not in text.replace("http://www.w3.org/", "")

# %% [markdown]
# ## The quiz
#
# The same page, with some of the gradients left out. Fill them in. At the first wrong one it tells you why.

# %%
a, c = Value(3.0), Value(-2.0)
s = a * c
t = s + a
result = t * s
name_from(locals())
quiz(result, seed=1)

# %%
result.backward()
print("to check yourself: a.grad =", a.grad, "and c.grad =", c.grad)

assert (a.grad, c.grad) == (12.0, -27.0)

# %% [markdown]
# ## Large graphs
#
# A network of any use has too many nodes to look at. There are ways to see one all the same. The weighted sum of a neuron is one node, `dot`; `expand=True` shows the multiplications and additions inside.

# %%
inputs = [Value(0.5, label="x[0]"), Value(-1.0, label="x[1]")]
neuron = nn.Neuron(2, activation="tanh", rng=random.Random(0))
draw(neuron(inputs))

# %%
draw(neuron(inputs), expand=True)

# %% [markdown]
# The other way round, `collapse=True` folds each neuron of a network into one box. The gradient in a box is that of the number it hands on; it also says how many parameters the neuron has, and between which values their gradients lie.

# %%
small = nn.MLP(2, [3, 2], activation="tanh", rng=random.Random(0))
loss = nn.quadratic(small(inputs), [1.0, 0.0])
loss.label = "loss"
loss.backward()
draw(loss, collapse=True)

# %% [markdown]
# A name opens one of the boxes again.

# %%
draw(loss, collapse=True, expand="layers.1.neurons.0", rankdir="TB")

# %% [markdown]
# Derivations fold in the same way: a factor may then stand for a whole neuron.

# %%
derivation = explain(loss, wrt=small.layers[0].neurons[0].w[0], collapse=True)
derivation

# %%
assert "layers.0.neurons.0" in derivation.text()

# %% [markdown]
# And this is the picture of the textbooks: a circle for each neuron, a line for each weight.

# %%
reader = nn.MLP(64, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=random.Random(0))
assert len(reader.parameters()) == 2260

nn.draw_network(reader)

# %% [markdown]
# ## What to try next
#
# 1. In the page above, find a value of `b` for which all gradients but one are nearly 0. What does the neuron do there, and why would it be hard to teach?
# 2. Write down the derivation of $\frac{\partial}{\partial x} \frac{x}{1 + x^2}$ at $x = 2$ by hand, then `explain` it. Where do the two differ in form, and do they in number?
# 3. Make a quiz for a friend: `quiz(your_graph, seed=...)`, saved to a file.
# 4. Take the gradient of a gradient with `gradients(y, [x], create_graph=True)` and draw it. Which nodes do you recognise?
# 5. Draw the loss once more with `collapse=True, depth=1`, and then with `depth=0`. What does each box stand for?
