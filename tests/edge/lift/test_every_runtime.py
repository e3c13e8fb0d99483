"""The table of each runtime's lift beside each runtime."""

import advkeras as ak
from tests.edge import dense
from tests.edge.lift import every_runtime


def test_each_lift_is_what_its_own_runtime_says(dense_files):
    images = dense.images(200)
    found = every_runtime.beside(dense_files["int8"], images)
    assert len(found) == 2 * len(ak.edge.DEFAULT_RUNTIMES) ** 2
    for name in ak.edge.DEFAULT_RUNTIMES:
        assert found[f"lift of {name}", name] == found[name, name] == (1, 0, 1)
    lines = every_runtime.table({"dense": found}, 200)
    assert lines[2].startswith("| file |  | litert |")
    assert lines[6].startswith("| dense | lift of tflm | ")
    assert lines[6].endswith(" 100.00 % (0), 100.0 % |")
    assert lines[7].startswith("| dense | litert | - | ")
    assert lines[-1].endswith(" | - |")
    *_, outputs, classes = every_runtime.verdict({"dense": found})
    assert outputs == "- by outputs, its lift in 3 of 3 cases."
    assert classes == "- by classes, its lift in 3 of 3 cases."


def test_a_lift_that_is_further_off_than_a_runtime_is_named(dense_files):
    found = every_runtime.beside(dense_files["int8"], dense.images(4))
    found["lift of tflm", "tflm"] = 0.5, 3, 0.75
    found["litert", "tflm"] = 0.25, 1, 0.875
    found["litert-reference", "tflm"] = 0.5, 1, 0.625
    assert every_runtime.behind(found) == {
        "outputs": {},
        "classes": {"tflm": (0.75, 0.875, "litert")},
    }
    assert every_runtime.verdict({"dense": found})[-1] == (
        "- by classes, its lift in 2 of 3 cases; not dense on tflm (75.00 %, "
        "litert 87.50 %)."
    )
