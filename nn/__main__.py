"""``python -m nn digits``: the textbook's digit classifier, trained on real handwritten digits.

A 64-30-10 sigmoid network with the quadratic cost learns the 8x8 digits by mini-batch gradient descent; the predicted
digit is the output neuron with the largest activation.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from typing import TYPE_CHECKING

from . import storage
from .data import digits
from .losses import quadratic
from .measuring import accuracy
from .modules import MLP
from .optimizers import SGD
from .training import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

TEST = 297
"""How many of the 1,797 digits are kept apart for the test."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m nn", description="Train a network on real data.")
    commands = top.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "digits",
        help="a 64-30-10 sigmoid network on 1,797 handwritten digits",
        description="Train a 64-30-10 sigmoid network with the quadratic cost on handwritten 8x8 digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_argument("--epochs", type=whole, default=15, help="passes over the training digits")
    command.add_argument("--batch-size", type=positive, default=10, help="digits per step")
    command.add_argument("--lr", type=rate, default=3.0, help="learning rate eta")
    command.add_argument("--seed", type=int, default=0, help="of the split, the weights and the order")
    command.add_argument("--save", metavar="FILE", help="write the trained model, as JSON or safetensors by its name")
    return top


def whole(text: str) -> int:
    """A number of epochs: 0, 1, 2, ..."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got {text}")
    return number


def positive(text: str) -> int:
    """A batch size: 1, 2, ..."""
    if not whole(text):
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got {text}")
    return int(text)


def rate(text: str) -> float:
    """A learning rate: a finite number > 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a finite number > 0, got {text}")
    return number


def train_digits(epochs: int, batch_size: int, lr: float, seed: int) -> tuple[MLP, float]:
    """The trained network, and its accuracy on digits that it has not seen."""
    rng = random.Random(seed)
    images, labels = digits()
    order = rng.sample(range(len(images)), len(images))
    held_out, seen = order[:TEST], order[TEST:]
    model = MLP(64, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=rng)
    print(f"Training 64-30-10 ({len(model.parameters())} parameters) on {len(seen)} handwritten digits")
    fit(
        model,
        [images[i] for i in seen],
        [labels[i] for i in seen],
        loss=quadratic,
        optimizer=SGD(lr=lr),
        epochs=epochs,
        batch_size=batch_size,
        rng=rng,
    )
    return model, accuracy(model, [images[i] for i in held_out], [labels[i] for i in held_out])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        if options.save:  # before the work, not after
            if not os.path.isdir(os.path.dirname(os.path.abspath(options.save))):
                raise FileNotFoundError(f"expected a folder to save to, got {options.save!r}")
            storage.expect_suffix(options.save)
            if storage.is_safetensors(options.save):
                storage.safetensors()
        model, right = train_digits(options.epochs, options.batch_size, options.lr, options.seed)
        print(f"Test accuracy: {right:.4f} ({round(right * TEST)} of {TEST} digits that were not trained on)")
        if options.save:
            storage.save(model, options.save)
            print(f"Wrote {options.save}")
    except (ImportError, OSError, ValueError) as error:
        print(f"python -m nn: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("python -m nn: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
