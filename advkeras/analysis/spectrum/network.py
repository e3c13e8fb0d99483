"""Upper and lower bounds of a network's Lipschitz constant, layer by layer."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras.analysis.spectrum import activations
from advkeras.analysis.spectrum import ascent
from advkeras.analysis.spectrum import doubles
from advkeras.analysis.spectrum import graph
from advkeras.analysis.spectrum import merging
from advkeras.analysis.spectrum import rules
from advkeras.analysis.spectrum.laid_out import spectrum_table
from advkeras.analysis.spectrum.norms import Norm
from advkeras.progress import bar as progress_bar
from advkeras.tables import LaidOut
from advkeras.tables import Table

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class LayerBound:
    """How far one layer can take two inputs apart, in the L2 norm.

    Attributes:
        name: The layer's; behind the model's that it is nested in, and "/".
        kind: Its class.
        activation: Name of the activation that it ends in, "" for none;
            within the bounds.
        shape: Of its kernel, or of its input where it has none.
        stride: Of a convolution or of pooling; None for other layers.
        upper: Bound of |f(x + r) - f(x)| / |r|.
        lower: A ratio that was found, or computed; None if not sought.
        residual: Of an iterated norm, see `Norm`; None of others.
        upper_to: Bound of the map from the model's input to the output of
            this layer; the largest, where it is used more than once.
    """

    name: str
    kind: str
    activation: str
    shape: Shape
    stride: Shape | None
    upper: float
    lower: float | None
    residual: float | None
    upper_to: float

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            **dataclasses.asdict(self),
            "shape": list(self.shape),
            "stride": None if self.stride is None else list(self.stride),
        }


@dataclasses.dataclass(frozen=True)
class Spectrum(LaidOut):
    """The bounds of a network, and of each of its layers.

    Attributes:
        name: The model's.
        layers: In the order of the graph.
        upper: Bound of |f(x + r) - f(x)| / |r|, from the model's input to
            its output.
        lower: The largest such ratio that was found; None if not sought.
    """

    name: str
    layers: tuple[LayerBound, ...]
    upper: float
    lower: float | None

    def __repr__(self) -> str:
        lower = "" if self.lower is None else f", lower={self.lower:.4g}"
        return (
            f"Spectrum({self.name!r}, {len(self.layers)} layers, "
            f"upper={self.upper:.4g}{lower})"
        )

    def tables(self) -> list[Table]:
        """Returns the bounds of each layer, and of the whole, as a table."""
        return [spectrum_table(self.to_json())]

    def find(self, name: str) -> LayerBound:
        """Returns the bound of the layer of this name.

        Raises:
            ValueError: There is none.
        """
        checks.check_choice("name", name, [x.name for x in self.layers])
        return next(layer for layer in self.layers if layer.name == name)

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "name": self.name,
            "layers": [layer.to_json() for layer in self.layers],
            "upper": self.upper,
            "lower": self.lower,
        }


def bounds(
    model: keras.Model,
    constants: Mapping[str, float] | None = None,
    images: Any = None,
    lower: bool = True,
    seed: int = 0,
    progress: bool = False,
) -> Spectrum:
    """Bounds how far a network can take two images apart, in the L2 norm.

    Szegedy et al. 2013, section 4.3: the constant of a chain of layers is at
    most the product of theirs. Of sums it is at most the sum of the bounds,
    of tensors side by side the root of their squares' sum. In inference mode
    and float64; the model is left as it is. A large bound does not mean that
    there are adversarial examples, a small one excludes near ones.

    Args:
        model: A built functional or Sequential model of fixed image size,
            with any number of inputs, which count as one vector.
        constants: Layer name or class name -> Lipschitz constant, with any
            activation, that the caller vouches for; for layers that are not
            known here, or known better there.
        images: Where the search for the network's lower bound starts: a few
            images, (n, height, width, channels), in the model's units, or a
            data set of them; one for each input if there are more. None for
            one of uniform noise in [0, 1].
        lower: Whether to seek lower bounds where none comes by itself.
        seed: Seed of all random starts.
        progress: Whether to show a progress bar.

    Returns:
        A `Spectrum`. An upper bound that was iterated fails with a
        probability below 1e-10 (see `operator_norm`); the others are
        certain.

    Raises:
        ValueError: The model has no graph or no fixed size, a layer is not
            known, or an argument is not as described.

    Example:
        >>> spectrum = ak.analysis.spectrum.bounds(ak.models.load("m1"))
        >>> print(spectrum.upper, [x.upper for x in spectrum.layers])
    """
    checks.check_seed("seed", seed)
    if not graph.has_graph(model):
        raise ValueError(
            "`model` must be a built functional or Sequential keras.Model. "
            f"Received: model of type {type(model).__name__}"
        )
    constants = dict(constants or {})
    uses = _uses(model, constants)
    starts = _starts(model, images, seed)

    norms = {
        use.key: _norm(use, constants, lower, seed)
        for use in progress_bar(
            uses, disable=not progress, desc=f"bounds of {model.name}"
        )
    }
    rows: dict[Any, LayerBound] = {}

    def visit(use: graph.Use, before: list[float]) -> float:
        norm = norms[use.key]
        if merging.is_merging(use.layer) and _given(use, constants) is None:
            after = merging.merged(use, before)
        else:
            after = norm.upper * merging.together(before)
        earlier = rows.get(use.key)
        rows[use.key] = LayerBound(
            name=earlier.name if earlier else use.name,
            kind=type(use.layer).__name__,
            activation=activations.name(getattr(use.layer, "activation", None)),
            shape=_shape(use),
            stride=_stride(use.layer),
            upper=norm.upper,
            lower=norm.lower,
            residual=norm.residual,
            upper_to=max(after, earlier.upper_to if earlier else 0.0),
        )
        return after

    ends = graph.walk(model, [1.0] * len(model.inputs), visit)
    found = None
    if lower:
        copy = doubles.model_in_float64(model)
        found = ascent.largest_ratio(
            functools.partial(copy, training=False),
            [tuple(x.shape[1:]) for x in model.inputs],
            starts,
            seed,
        )
    return Spectrum(
        model.name, tuple(rows.values()), merging.together(ends), found
    )


def _uses(
    model: keras.Model, constants: Mapping[str, float]
) -> list[graph.Use]:
    """Returns one use of each layer, all of them known."""
    uses: dict[Any, graph.Use] = {}

    def visit(use: graph.Use, before: list[float]) -> float:
        uses.setdefault(use.key, use)
        return 1.0

    graph.walk(model, [1.0] * len(model.inputs), visit)
    for name, value in constants.items():
        checks.check_positive(f"constants[{name!r}]", value)
    names = {n for use in uses.values() for n in _keys(use)}
    for name in constants:
        checks.check_choice("constants", name, names)
    for use in uses.values():
        if any(None in shape for shape in use.inputs):
            raise ValueError(
                "`model` must have inputs of a fixed size. "
                f"Received: layer {use.name!r} with inputs {use.inputs}"
            )
        if not (
            _given(use, constants) is not None
            or merging.is_merging(use.layer)
            or rules.is_known(use.layer)
        ):
            raise ValueError(_unknown(use))
    return list(uses.values())


def _unknown(use: graph.Use) -> str:
    activation = activations.name(getattr(use.layer, "activation", None))
    ends = f" and activation {activation!r}" if activation else ""
    return (
        "`model` must be made of layers whose bounds are known, or come with "
        f"them: constants={{{use.name!r}: its Lipschitz constant}}. Received: "
        f"layer {use.name!r} of class {type(use.layer).__name__}{ends}"
    )


def _norm(
    use: graph.Use, constants: Mapping[str, float], lower: bool, seed: int
) -> Norm:
    given = _given(use, constants)
    if given is not None:
        return Norm(given, None)
    if merging.is_merging(use.layer):
        return merging.norm(use)
    norm = rules.norm(use.layer, use.inputs[0])
    if norm is None:
        raise ValueError(_unknown(use))
    if norm.lower is None and lower:
        copy = doubles.layer_in_float64(use.layer, list(use.inputs))
        ratio = ascent.largest_ratio(
            functools.partial(copy, training=False), list(use.inputs), seed=seed
        )
        norm = dataclasses.replace(norm, lower=ratio)
    return norm


def _given(use: graph.Use, constants: Mapping[str, float]) -> float | None:
    for key in _keys(use):
        if key in constants:
            return float(constants[key])
    return None


def _keys(use: graph.Use) -> tuple[str, ...]:
    """What a caller may call a layer by, the most exact name first."""
    return use.name, use.layer.name, type(use.layer).__name__


def _starts(model: keras.Model, images: Any, seed: int) -> list[np.ndarray]:
    shapes = [tuple(x.shape[1:]) for x in model.inputs]
    if images is None:
        random = np.random.default_rng(seed)
        return [random.random((1, *shape)) for shape in shapes]
    arrays = [images] if len(shapes) == 1 else list(images)
    return [
        datasets.images_of(array, None, shape).astype(np.float64)
        for array, shape in zip(arrays, shapes, strict=True)
    ]


def _shape(use: graph.Use) -> Shape:
    kernel = getattr(use.layer, "kernel", None)
    return tuple(use.inputs[0] if kernel is None else kernel.shape)


def _stride(layer: Any) -> Shape | None:
    strides = getattr(layer, "strides", None)
    if strides is None or isinstance(strides, int):
        return None if strides is None else (strides,)
    return tuple(strides)
