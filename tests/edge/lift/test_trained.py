"""Deep nets that were trained a little: every operator agrees alone."""

import numpy as np
import pytest

import advkeras as ak
from tests.edge.lift import trained


@pytest.mark.slow
@pytest.mark.parametrize("build", trained.NETS)
def test_a_deep_net(build, tmp_path):
    random = np.random.default_rng(0)
    images = random.random((64, *trained.SHAPE), np.float32)
    labels = random.integers(0, trained.CLASSES, 64)
    net = trained.trained(build, images, labels, epochs=1)
    files = trained.export(net, tmp_path, images)
    assert tuple(files) == trained.VARIANTS
    found = ak.edge.agreement(files["int8"], images, inspected=4)
    assert found.parted_alone is None
    assert len(found.operators) > 60
    line = trained.reads(net, files, images, labels)
    assert line.startswith(f"| {build.__name__} | ")
    assert line.count("%") == 1 + len(files)
