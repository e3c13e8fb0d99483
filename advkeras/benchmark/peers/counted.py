"""A Keras model as PyTorch's libraries expect one, and what they ask of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from advkeras.benchmark.peers import replica
from advkeras.benchmark.peers.peer import Found
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier

# (model, images, labels) -> adversarial images, all as PyTorch has them.
Attack = Callable[["Counted", Any, Any], Any]


class Counted(torch.nn.Module):
    """Computes logits of images within [0, 1], channels first, and counts.

    Attributes:
        gradients: Images through which a gradient went back; an attack that
            differentiates each class on its own counts once for each.
        queries: Images that were shown to the model for their logits alone.
    """

    def __init__(self, classifier: Classifier):
        super().__init__()
        self.gradients = 0
        self.queries = 0
        self._replica = replica.replicate(classifier)
        self._lower, self._upper = one_pair(classifier)

    def inputs(self, images: np.ndarray) -> Any:
        """Returns images of the classifier as this takes them."""
        shares = (images - self._lower) / (self._upper - self._lower)
        return torch.tensor(shares).permute(0, 3, 1, 2).contiguous()

    def images(self, inputs: Any) -> np.ndarray:
        """Returns what was made of `inputs` as images of the classifier."""
        return self._pixels(inputs).detach().numpy()

    def forward(self, inputs: Any) -> Any:
        """Returns the logits, (n, classes)."""
        logits = self._replica(self._pixels(inputs))
        self.queries += len(logits)
        if logits.requires_grad:
            logits.register_hook(self._counting(len(logits)))
        return logits

    def _pixels(self, inputs: Any) -> Any:
        pixels = inputs.permute(0, 2, 3, 1)
        if (self._lower, self._upper) == (0, 1):
            return pixels
        pixels = pixels * (self._upper - self._lower) + self._lower
        # What rounding puts outside.
        return pixels.clamp(self._lower, self._upper)

    def _counting(self, n: int) -> Callable[[Any], None]:
        asked = n

        def count(_: Any) -> None:
            nonlocal asked
            self.gradients += n
            self.queries -= asked
            asked = 0

        return count


def attacking(
    attack: Attack,
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
) -> Callable[[], Found]:
    """Returns what attacks all images at once, alike at every call."""
    model = Counted(classifier).eval()
    inputs, goals = model.inputs(images), torch.tensor(labels)

    def run() -> Found:
        torch.manual_seed(0)
        model.gradients = model.queries = 0
        found = attack(model, inputs.clone(), goals.clone())
        return Found(
            model.images(found),
            gradient_evaluations=model.gradients / len(images),
            queries=model.queries / len(images),
        )

    return run


def gradient(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Callable[[], Any]:
    """Returns PyTorch's own floor: the gradient by the pixels, and no more."""
    model = Counted(classifier).eval()
    inputs, goals = model.inputs(images), torch.tensor(labels)

    def run() -> Any:
        watched = inputs.requires_grad_(True)
        loss = F.cross_entropy(model(watched), goals, reduction="sum")
        return torch.autograd.grad(loss, watched)[0]

    return run
