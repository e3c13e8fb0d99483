"""Keras models: builders by name, files, and the logits of any of them."""

from advkeras.models import alexnet as alexnet
from advkeras.models import autoencoder as autoencoder
from advkeras.models import conv as conv
from advkeras.models import fc as fc
from advkeras.models import layers as layers
from advkeras.models import maxout as maxout
from advkeras.models import quocnet as quocnet
from advkeras.models import shallow as shallow
from advkeras.models.bounds import bounds_of_layers
from advkeras.models.cards import card_path
from advkeras.models.cards import read_card
from advkeras.models.cards import save_with_card
from advkeras.models.clones import batch_size
from advkeras.models.clones import cloned
from advkeras.models.clones import dtypes
from advkeras.models.clones import quantization
from advkeras.models.clones import reshaped
from advkeras.models.fingerprints import architecture_sha256
from advkeras.models.fingerprints import weights_sha256
from advkeras.models.loading import find
from advkeras.models.loading import load
from advkeras.models.loading import saved_models
from advkeras.models.logits import Head
from advkeras.models.logits import find_head
from advkeras.models.registry import build
from advkeras.models.registry import names
from advkeras.models.registry import register
from advkeras.models.scores import find_scores
from advkeras.models.scores import image_shape
from advkeras.models.sizes import DEFAULT_MAX_GB

__all__ = [
    "DEFAULT_MAX_GB",
    "Head",
    "architecture_sha256",
    "batch_size",
    "bounds_of_layers",
    "build",
    "card_path",
    "cloned",
    "dtypes",
    "find",
    "find_head",
    "find_scores",
    "image_shape",
    "load",
    "names",
    "quantization",
    "read_card",
    "register",
    "reshaped",
    "save_with_card",
    "saved_models",
    "weights_sha256",
]
