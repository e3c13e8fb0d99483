"""The matrix of a layer, by showing it every unit vector."""

import math

import keras
import numpy as np


def built(layer, *shapes, seed=0):
    """Builds a layer on inputs of these shapes, all weights random."""
    inputs = [keras.KerasTensor((None, *s)) for s in shapes]
    layer(inputs[0] if len(inputs) == 1 else inputs)
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    return layer


def matrix(function, shape):
    """Returns the matrix of the linear part, (inputs, outputs)."""
    n = math.prod(shape)
    points = np.concatenate([np.eye(n), np.zeros((1, n))])
    values = np.asarray(function(points.reshape(-1, *shape)), np.float64)
    rows = values.reshape(n + 1, -1)
    return rows[:-1] - rows[-1]


def brute_norm(layer, shape):
    return np.linalg.norm(matrix(layer, shape), 2)
