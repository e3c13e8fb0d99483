"""What a process of its own costs, beside the bare interpreter in one run."""

import statistics
import time
import tracemalloc

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import advkeras as ak
from advkeras.edge import export
from advkeras.edge.standalone import run_on_device

pytestmark = [pytest.mark.slow, pytest.mark.tfds]

REPETITIONS = 7
BATCH = 334  # of digits, as `Interpreter.predict` sends them


@pytest.fixture(scope="module")
def images(tfds_dir):
    """All test images of MNIST."""
    return ak.datasets.load("mnist", "test", data_dir=tfds_dir).images


@pytest.fixture(scope="module")
def int8(tmp_path_factory, images):
    """Name of a saved model -> its int8 file."""
    made = {}
    for name in ("conv-mnist", "m1"):
        folder = tmp_path_factory.mktemp(name)
        model = ak.Classifier.load(name)
        made[name] = export(model, folder, ("int8",), images[:100])["int8"]
    return made


def bare(path, inputs):
    """Returns a function that runs prepared inputs, and nothing else."""
    interpreter = Interpreter(str(path), num_threads=1)
    given = interpreter.get_input_details()[0]["index"]
    returned = interpreter.get_output_details()[0]["index"]
    batches = [inputs[i : i + BATCH] for i in range(0, len(inputs), BATCH)]

    def run():
        outputs = []
        rows = None
        for batch in batches:
            if len(batch) != rows:
                interpreter.resize_tensor_input(given, batch.shape)
                interpreter.allocate_tensors()
                rows = len(batch)
            interpreter.set_tensor(given, batch)
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(returned))
        return np.concatenate(outputs)

    return run


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measured(path, images):
    """Returns medians of seconds: (of predict, of the bare interpreter)."""
    ours, theirs = [], []
    with ak.edge.start(path, "litert") as session:
        run = bare(path, run_on_device.quantize(images, session.input))
        # Also warms both up.
        found = session.predict(images).outputs
        np.testing.assert_array_equal(found, run())
        for _ in range(REPETITIONS):
            ours.append(seconds(lambda: session.predict(images)))
            theirs.append(seconds(run))
    return statistics.median(ours), statistics.median(theirs)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("conv-mnist", 1.3),
        # It takes 0.4 us an image: checking, quantising and sending 784 pixels
        # takes longer, about 2 us.
        ("m1", 12),
    ],
)
def test_predict_beside_the_bare_interpreter(images, int8, capsys, name, most):
    assert len(images) == 10_000
    ours, theirs = measured(int8[name], images)
    with capsys.disabled():
        print(
            f"\n{name}: predict {1e2 * ours:.2f} us an image, bare "
            f"interpreter {1e2 * theirs:.2f}, ratio {ours / theirs:.2f}"
        )
    assert ours / theirs <= most


def peak_mb(session):
    """Returns the peak memory of the child in MB, as Linux counts it."""
    try:
        with open(f"/proc/{session._process.pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file)
    except FileNotFoundError:
        pytest.skip("needs Linux")
    return int(lines["VmHWM"].split()[0]) / 1024


@pytest.mark.parametrize("runtime", ["litert", "litert-reference", "tflm"])
def test_the_child_s_memory_does_not_grow_with_the_images(
    images, int8, runtime
):
    with ak.edge.start(int8["m1"], runtime) as session:
        session.predict(images[:1000])
        after_1000 = peak_mb(session)
        session.predict(images)
        assert peak_mb(session) - after_1000 < 4


def test_the_parent_holds_a_few_batches_at_a_time(images, int8):
    with ak.edge.start(int8["m1"]) as session:
        session.predict(images[:1000])
        peaks = []
        for n in (1000, 10_000):
            tracemalloc.start()
            session.predict(images[:n])
            peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
            tracemalloc.stop()
    # 10 scores of a byte and a label of 8 bytes for each further image, and
    # not its 784 pixels in float32, which would be 27 MB.
    assert peaks[1] - peaks[0] < 3
    assert peaks[1] < 8
