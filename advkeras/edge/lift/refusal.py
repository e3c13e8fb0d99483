"""CannotBeLiftedError: a whole .tflite file that has no lift."""

import os


class CannotBeLiftedError(ValueError):
    """A whole file cannot be lifted; `reason` is why, on one line.

    An interpreter may run it all the same.
    """

    def __init__(self, path: str | os.PathLike, reason: str):
        super().__init__(
            "`path` must be a .tflite file that can be lifted. "
            f"Received: path={os.fspath(path)!r} ({reason})"
        )
        self.reason = reason
