"""What tests of the lift share: files made in a test, as they are read."""

import pytest

from advkeras.edge.lift import read


@pytest.fixture
def graph_of(tmp_path):
    """Returns what is read of a file of these bytes."""

    def graph_of(content):
        path = tmp_path / "made.tflite"
        path.write_bytes(content)
        return read(path)

    return graph_of
