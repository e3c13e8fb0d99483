"""The nets of keras.applications, lifted: every operator agrees alone.

Some with fewer layers of each kind; docs/lift.md is of the whole ones.
"""

import pytest

import advkeras as ak
from tests.edge.lift import architectures


@pytest.mark.slow
@pytest.mark.parametrize("name", architectures.NAMES)
def test_an_architecture(name, tmp_path):
    # The floats of all others are the same kernels.
    variants = architectures.VARIANTS if name == "MobileNetV2" else ("int8",)
    files = architectures.export(name, tmp_path, variants, shallow=True)
    assert tuple(files) == variants
    # Many: scores of one step apart fall either way, by the processor.
    others = architectures.noise(128, seed=1)
    for variant, file in files.items():
        found = ak.edge.agreement(file, others, inspected=8)
        assert found.parted_alone is None
        assert all(one.alone is not None for one in found.operators)
        (output,) = found.outputs
        if variant == "float32":
            assert found.parted is None
            assert output.difference.relative < 1e-4
            assert output.top_1.count == len(others)
            continue
        assert all(one.alone.largest <= 1 for one in found.operators)
        assert all(one.alone.mean < 0.01 for one in found.operators)
        # Of a net that knows no class, a step of the softmax may decide.
        assert output.top_1.value > 0.7
        assert output.difference.within_2 > 0.9
