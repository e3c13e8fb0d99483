"""The norm of a circular convolution, from its Fourier transform."""

from typing import Any

import numpy as np

from advkeras import checks


def circular_norm(
    kernel: Any, size: int | tuple[int, int], stride: int = 1
) -> float:
    """Returns the operator norm of a convolution whose images wrap around.

    Szegedy et al. 2013, section 4.3, with what its formula leaves open: the
    kernel is padded with zeros to the size of the map before it is
    transformed (a transform of its own size sees too few frequencies), and
    the transform is the usual one, exp(-2 pi i u x / N). A stride s folds
    the frequencies that are N / s apart onto one: there the norm is that of
    the matrix, (out, in * s^2), which has their transforms side by side over
    s. Exact to rounding, at any one of stride 1 or that divides the size.

    Args:
        kernel: (height, width, channels in, channels out), as Keras has it;
            may be larger than the map, around which it then wraps.
        size: Height and width of the input map, in pixels.
        stride: Pixels from one output to the next, both ways; divides `size`.

    Returns:
        The largest |A r| / |r|.

    Raises:
        ValueError: An argument is not as described.
    """
    kernel = np.asarray(kernel, np.float64)
    if kernel.ndim != 4 or 0 in kernel.shape or not np.isfinite(kernel).all():
        raise ValueError(
            "`kernel` must be finite and of shape (height, width, channels "
            f"in, channels out). Received: kernel.shape={kernel.shape}"
        )
    checks.check_count("stride", stride)
    height, width = (size, size) if isinstance(size, int) else size
    for length in (height, width):
        checks.check_count("size", length)
        if length % stride:
            raise ValueError(
                "`stride` must divide `size`. "
                f"Received: stride={stride}, size={size}"
            )
    padded = np.zeros((height, width, *kernel.shape[2:]))
    for i, j in np.ndindex(kernel.shape[:2]):
        padded[i % height, j % width] += kernel[i, j]
    transform = np.fft.fft2(padded, axes=(0, 1))
    folded = np.concatenate(
        [
            block
            for half in np.split(transform, stride, axis=0)
            for block in np.split(half, stride, axis=1)
        ],
        axis=2,
    )
    # A stride keeps one output of s^2, and so 1 / s of the length.
    values = np.linalg.svd(folded, compute_uv=False)
    return float(values.max() / stride)
