"""The table of each runtime's lift beside each runtime."""

import advkeras as ak
from tests.edge import dense
from tests.edge.lift import every_runtime


def test_each_lift_is_what_its_own_runtime_says(dense_files):
    images = dense.images(200)
    found = every_runtime.beside(dense_files["int8"], images)
    assert len(found) == len(ak.edge.RUNTIMES) ** 2
    for name in ak.edge.RUNTIMES:
        equal, largest, same = found[name, name]
        assert (equal, largest, same) == (1, 0, 1)
    lines = every_runtime.table({"dense": dense_files["int8"]}, images)
    assert lines[2].startswith("| file | lift of | litert |")
    assert lines[-1].startswith("| dense | tflm | ")
    assert lines[-1].endswith(" 100.00 % (0), 100.0 % |")
