"""The Adversarial Robustness Toolbox's FGSM, and its smallest changes."""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier


def _prepare(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
) -> Run:
    from art.attacks.evasion import FastGradientMethod
    from art.estimators.classification import TensorFlowV2Classifier

    # Its gradients are taken eagerly; it allows a compiled model below them.
    logits = tf.function(
        classifier.logits, input_signature=[classifier.images_spec()]
    )

    def model(batch: Any, training: bool) -> Any:
        del training
        return logits(batch)

    estimator = TensorFlowV2Classifier(
        model=model,
        nb_classes=classifier.num_classes,
        input_shape=classifier.image_shape,
        loss_object=keras.losses.CategoricalCrossentropy(from_logits=True),
        clip_values=one_pair(classifier),
    )
    attack = FastGradientMethod(
        estimator,
        norm=np.inf,
        eps=epsilon,
        # Unused for one step, but checked: it must be of the type of eps.
        eps_step=epsilon,
        # All at once, as the others do; its default of 32 is several times
        # slower. (Its predict() has no batches, whatever batch_size says.)
        batch_size=len(images),
    )
    one_hot = np.eye(classifier.num_classes, dtype=np.float32)[labels]
    return lambda: attack.generate(images, one_hot)


def _smallest(
    name: str, classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Run:
    import torch
    from art.attacks import evasion
    from art.estimators.classification import PyTorchClassifier

    from advkeras.benchmark.peers import counted

    one_hot = np.eye(classifier.num_classes, dtype=np.float32)[labels]

    def attack(model: counted.Counted, inputs: Any, _: Any) -> Any:
        estimator = PyTorchClassifier(
            model,
            loss=torch.nn.CrossEntropyLoss(),
            input_shape=tuple(inputs.shape[1:]),
            nb_classes=classifier.num_classes,
            clip_values=(0.0, 1.0),
            device_type="cpu",
        )
        made = getattr(evasion, name)(
            estimator, batch_size=len(images), verbose=False
        )
        return torch.tensor(made.generate(inputs.numpy(), one_hot))

    return counted.attacking(attack, classifier, images, labels)


_VERSIONS = ("adversarial-robustness-toolbox", ">=1.20,<2")
PEER = Peer("ART", *_VERSIONS, _prepare)
# With the norm that is to be small; at its own settings but for the batch.
SMALLEST = {
    Peer(
        f"ART {title}",
        *_VERSIONS,
        functools.partial(_smallest, name),
        (("torch", ""),),
        extra="benchmark-torch",
    ): norm
    for title, name, norm in (
        ("DeepFool", "DeepFool", "l2"),
        ("C&W", "CarliniL2Method", "l2"),
    )
}
