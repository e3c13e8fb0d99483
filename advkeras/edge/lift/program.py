"""A graph that computes: constants in place, every operator checked."""

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.computation import Computation
from advkeras.edge.lift.computation import rest_of
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.scores import end_of

_ALIKE = 0.05  # of the range of an output: rounding may differ by some steps


class Program:
    """A graph that computes.

    Args:
        graph: What to compute.
        runtime: Whose kernels to compute it as, where these differ.

    Attributes:
        graph: As given, of that runtime.
        runtime: As given.
        each_alone: Whether it has to be given one image at a time, because
            the file mixes what lies along the first dimension.

    Raises:
        ValueError: An operator is unknown, or cannot work as it is written.
    """

    def __init__(self, graph: Graph, runtime: str = "litert"):
        self.runtime = runtime
        self.each_alone = False
        _check_supported(graph)
        self._computation = Computation(graph, runtime)
        self.graph = self._computation.graph
        self._end = end_of(graph)
        # Compiled: loops within it are many times as slow where they are not.
        self._one_by_one = tf.function(self._each_alone, autograph=False)
        self._trace(1)  # what is wrong with one image is wrong
        known = not any(-1 in t.signature[1:] for t in graph.inputs)
        alone = [self._tried([row]) for row in (0, 1)] if known else []
        try:
            self._trace(None)
            self.each_alone = known and not self._keeps_images_apart(alone)
        except ValueError:
            self.each_alone = True

    def __call__(
        self, images: list[tf.Tensor], wanted: tuple[Tensor, ...]
    ) -> list[tf.Tensor]:
        """Returns the values of tensors, float32 or integers, (n, ...).

        All are float32 where images are computed one by one.

        Args:
            images: For each input of the graph, float32, (n, ...).
            wanted: Tensors of the graph that depend on its inputs.
        """
        if not self.each_alone:
            return self._computed(images, wanted)
        return self._one_by_one(images, wanted)

    def depends_on_images(self) -> tuple[Tensor, ...]:
        """Returns the tensors that are not constant, as they are computed."""
        written = [
            t for operator in self._computation.todo for t in operator.outputs
        ]
        return (*self.graph.inputs, *written)

    def _computed(
        self, images: list[tf.Tensor], wanted: tuple[Tensor, ...]
    ) -> list[tf.Tensor]:
        given = []
        for tensor, values in zip(self.graph.inputs, images, strict=True):
            if straight_through.is_quantized(tensor):
                values = straight_through.as_shown(values, tensor)
            elif straight_through.is_whole(tensor):
                values = straight_through.as_whole(values, tensor)
            given.append(values)
        return self._computation(given, wanted, self._end)

    def _each_alone(
        self, images: list[tf.Tensor], wanted: tuple[Tensor, ...]
    ) -> list[tf.Tensor]:
        # Of integers the type says nothing: those that an input is given are
        # floats here, and so is what is made of them.
        found: list[tf.Tensor] = tf.map_fn(
            lambda rows: [
                tf.cast(values, tf.float32)
                for values in self._computed(
                    [row[None] for row in rows], wanted
                )
            ],
            images,
            fn_output_signature=[
                tf.TensorSpec(
                    (None, *rest_of(tensor)) if tensor.shape else (),
                    tf.float32,
                )
                for tensor in wanted
            ],
        )
        return [
            tf.reshape(values, tf.concat([[-1], tf.shape(values)[2:]], axis=0))
            for values in found
        ]

    def _trace(self, rows: int | None) -> None:
        """Raises ValueError unless all shapes are as the file has them."""
        outputs = self.graph.outputs
        tf.function(
            lambda *images: self._computed(list(images), outputs),
            input_signature=[
                tf.TensorSpec((rows, *rest_of(tensor)), tf.float32)
                for tensor in self.graph.inputs
            ],
            autograph=False,
        ).get_concrete_function()

    def _tried(self, rows: list[int]) -> list[np.ndarray]:
        """Returns the outputs for some of two images of noise."""
        random = np.random.default_rng(0)
        images = []
        for tensor in self.graph.inputs:
            lower, upper = straight_through.input_limits(
                self.graph, tensor
            ) or (0.0, 1.0)
            noise = random.random((2, *tensor.shape[1:]), np.float32)
            noise[1] *= 2 / 3  # of less contrast: no twin
            images.append(tf.constant(lower + (upper - lower) * noise[rows]))
        found = self._computed(images, self.graph.outputs)
        return [np.atleast_1d(values) for values in found]

    def _keeps_images_apart(self, alone: list[list[np.ndarray]]) -> bool:
        """Whether two images give what each gives alone."""
        for together, *each in zip(self._tried([0, 1]), *alone, strict=True):
            one_by_one = np.concatenate(each)
            if together.shape != one_by_one.shape:
                return False
            error = np.abs(together - one_by_one).max(initial=0)
            # A NaN says nothing.
            if not error <= _ALIKE * np.ptp(one_by_one):
                return False
        return True


def _check_supported(graph: Graph) -> None:
    if not (graph.inputs and graph.outputs):
        raise ValueError(
            f"{len(graph.inputs)} inputs, {len(graph.outputs)} outputs"
        )
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype == "bool":
            raise ValueError(f"tensor {tensor.index} is of type bool")
    for tensor in graph.inputs:
        if tensor.dtype in ("int32", "int64") and tensor.quantization:
            raise ValueError(
                f"input {tensor.index} is {tensor.dtype} of a scale"
            )
    parts = [part for operator in graph.operators for part in operator.graphs]
    every = [op for each in (graph, *parts) for op in each.operators]
    for operator in every:
        for tensor in operator.outputs:
            quantization = tensor.quantization
            if quantization is not None and not quantization.per_tensor:
                raise ValueError(
                    f"{operator}, writes activations of several scales"
                )
