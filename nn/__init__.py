"""chainrule's networks: neurons, layers and the loop that trains them, in plain scalar code over ``autograd``.

Read the files in this order: modules, losses, optimizers, descent, measuring, training, data, storage, pictures,
plots.
"""

import autograd

if not hasattr(autograd, "Value"):
    raise ImportError(
        "nn belongs to the distribution 'chainrule', but the package 'autograd' found at "
        f"{autograd.__file__ or next(iter(autograd.__path__))} is another one (HIPS autograd has the same import name) "
        "or what that left of this one: install chainrule, anew, into an environment of its own"
    )

from . import data
from .losses import binary_cross_entropy, cross_entropy, hinge, mse, quadratic
from .measuring import accuracy, argmax, mean_loss
from .modules import MLP, Layer, Module, Neuron
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSProp
from .pictures import draw_network
from .plots import decision_boundary
from .storage import load, save
from .training import History, fit

__all__ = [
    "Adam",
    "AdamW",
    "History",
    "Layer",
    "MLP",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSProp",
    "SGD",
    "accuracy",
    "argmax",
    "binary_cross_entropy",
    "cross_entropy",
    "data",
    "decision_boundary",
    "draw_network",
    "fit",
    "hinge",
    "load",
    "mean_loss",
    "mse",
    "quadratic",
    "save",
]
