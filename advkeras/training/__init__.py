"""Training: by a network's recipe, to convergence, or by Keras's fit()."""

from advkeras.training.adversarial import AdversarialTraining
from advkeras.training.autoencoder import pretrain_encoder
from advkeras.training.job import train_to_file
from advkeras.training.layerwise import fit_layerwise
from advkeras.training.lbfgs import fit_lbfgs
from advkeras.training.logistic import logistic_adversarial_loss
from advkeras.training.losses import LOSSES
from advkeras.training.losses import probabilities
from advkeras.training.plain import train
from advkeras.training.recipes import Recipe
from advkeras.training.recipes import recipe
from advkeras.training.stages import pretrain_stages

__all__ = [
    "LOSSES",
    "AdversarialTraining",
    "Recipe",
    "fit_layerwise",
    "fit_lbfgs",
    "logistic_adversarial_loss",
    "pretrain_encoder",
    "pretrain_stages",
    "probabilities",
    "recipe",
    "train",
    "train_to_file",
]
