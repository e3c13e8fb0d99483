"""Survival on a small trained net, beside a plain recomputation."""

import dataclasses
import json

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import pixels
from advkeras.edge.outcomes import Row
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate
from tests.attacks.linear import linear

RUNTIMES = ("litert", "litert-reference", "tflm")
OVERSHOOTS = (1.0, 1.2)
CAMERA = ("jpeg:50", "brightness:0.9")


@pytest.fixture(scope="module")
def deep(classifiers):
    return classifiers["deep"]


@pytest.fixture(scope="module")
def found(fooled, variants, deep):
    return ak.edge.survival(
        {"fgsm": fooled},
        variants,
        RUNTIMES,
        source=deep,
        overshoots=OVERSHOOTS,
        camera=CAMERA,
    )


def never(name, make):
    raise AssertionError("worked before the arguments were checked")


def shown_by_hand(result, kind, factor):
    """Returns images as `survival` should show them; factor 0: clean."""
    moved = result.originals + np.float32(factor) * (
        result.images - result.originals
    )
    images = (result.images if factor == 1 else moved).clip(0, 1)
    if kind == "float":
        return images
    rounded = np.rint(255 * images).astype(np.uint8)
    if kind == "camera":
        rounded = pixels.camera(rounded, CAMERA)
    return run_on_device.from_uint8(rounded, (0.0, 1.0))


def test_the_source_is_first_and_no_file(found, fooled):
    row = found.rows[0]
    assert (row.variant, row.runtime) == ("source", "keras")
    assert row.bytes is None and row.latency is None
    before = fooled.clean_predictions == fooled.labels
    after = fooled.predictions == fooled.labels
    n_fooled = int((before & ~after).sum())
    assert n_fooled > 150
    assert row.find().accuracy == Rate.of(before)
    assert row.find("fgsm").accuracy == Rate.of(after)
    assert row.find("fgsm").survival == Rate(n_fooled, n_fooled)
    for outcome in row.outcomes:
        assert outcome.agreement == Rate(500, 500)
        assert outcome.only_target_wrong == Rate(0, 500)
    assert found.attacks == {"fgsm": {"n": 500, "fooled": n_fooled}}


def test_every_target_has_a_row_or_a_reason(found, variants):
    there = {(row.variant, row.runtime) for row in found.rows[1:]}
    skipped = {(one["variant"], one["runtime"]) for one in found.skipped}
    assert there | skipped == {(v, r) for v in variants for r in RUNTIMES}
    # The kernels of microcontrollers mix no types.
    assert skipped == {("float16", "tflm"), ("dynamic", "tflm")}
    for one in found.skipped:
        assert one["reason"] and "\n" not in one["reason"]
    for row in found.rows[1:]:
        assert row.bytes == variants[row.variant].stat().st_size
        assert row.threads == 1
        package = "tflite-micro" if row.runtime == "tflm" else "ai_edge_litert"
        assert row.version.startswith(package)
        assert row.latency["n"] == 100
        assert 0 < row.latency["median"] <= row.latency["p90"]
        assert len(row.outcomes) == 3 * (1 + len(OVERSHOOTS))


def test_what_runtimes_have_in_common_is_that_of_their_outputs(
    found, fooled, variants
):
    kinds = [(one.variant, one.pixels) for one in found.alike]
    assert kinds == [
        (v, k) for v in variants for k in ("float", "uint8", "camera")
    ]
    one = next(a for a in found.alike if a.variant == "int8")
    assert (one.pixels, one.runtimes, one.n) == ("float", RUNTIMES, 500)
    said = []
    for runtime in RUNTIMES:
        with ak.edge.start(variants["int8"], runtime) as session:
            said.append(session.predict(fooled.images))
    for i, first in enumerate(said):
        for j, second in enumerate(said):
            equal = (first.outputs == second.outputs).all(axis=1)
            assert one.outputs[i][j] == equal.sum()
            assert one.labels[i][j] == (first.labels == second.labels).sum()
    # What is counted is not all the same.
    assert 0 < min(map(min, one.outputs)) < 500


@pytest.mark.parametrize(
    ("factor", "kind"),
    [
        (0, "float"),
        (1.0, "uint8"),
        (1.2, "camera"),
        pytest.param(0, "uint8", marks=pytest.mark.slow),
        pytest.param(0, "camera", marks=pytest.mark.slow),
        pytest.param(1.0, "float", marks=pytest.mark.slow),
        pytest.param(1.0, "camera", marks=pytest.mark.slow),
        pytest.param(1.2, "float", marks=pytest.mark.slow),
        pytest.param(1.2, "uint8", marks=pytest.mark.slow),
    ],
)
def test_figures_are_those_of_a_plain_recomputation(
    found, fooled, variants, deep, kind, factor
):
    images = shown_by_hand(fooled, kind, factor)
    labels = fooled.labels
    fools = (fooled.clean_predictions == labels) & (
        fooled.predictions != labels
    )
    source = deep.predict(images)
    for row in found.rows[1:]:
        with ak.edge.start(variants[row.variant], row.runtime) as session:
            said = session.predict(images).labels
        asked = ("fgsm", kind, factor) if factor else (None, kind)
        outcome = row.find(*asked)
        assert outcome.accuracy == Rate.of(said == labels)
        assert outcome.agreement == Rate.of(said == source)
        assert outcome.only_target_wrong == Rate.of(
            (said != labels) & (source == labels)
        )
        if factor:
            assert outcome.survival == Rate.of(said[fools] != labels[fools])
        else:
            assert outcome.survival is None


def test_int8_reads_clean_digits_as_the_float_model_does(found):
    expected = found.rows[0].find().accuracy
    assert expected.n == 500
    for runtime in RUNTIMES:
        int8 = found.find("int8", runtime)
        for kind in ("float", "uint8"):
            accuracy = int8.find(pixels=kind).accuracy
            assert abs(accuracy.value - expected.value) <= 0.01


def test_fgsm_survives_everywhere(found):
    for row in found.rows[1:]:
        for kind in ("float", "uint8"):
            for factor in OVERSHOOTS:
                outcome = row.find("fgsm", kind, factor)
                assert outcome.survival.value > 0.95


def test_float32_is_the_source(found):
    row = found.find("float32", "litert")
    assert row.find().agreement == Rate(500, 500)
    assert row.find("fgsm").survival.value > 0.99


def test_a_camera_costs_survival_but_little_accuracy(found):
    row = found.find("int8", "litert")
    clean = row.find(pixels="uint8").accuracy.value
    assert abs(row.find(pixels="camera").accuracy.value - clean) < 0.05
    assert row.find("fgsm", "camera") != row.find("fgsm", "uint8")
    assert found.camera == CAMERA


@pytest.fixture(scope="module")
def smallest(deep, test_digits):
    attack = ak.attacks.LBFGS(c_rtol=0.1)
    return attack(deep, test_digits.images[:50], test_digits.labels[:50])


def test_the_smallest_changes_survive_worse_than_larger_ones(
    smallest, variants
):
    found = ak.edge.survival(smallest, {"int8": variants["int8"]}, ("litert",))
    row = found.find("int8", "litert")
    assert found.rows == (row,)  # no source was given
    shares = [
        row.find("attack", "uint8", factor).survival.value
        for factor in found.overshoots
    ]
    assert found.overshoots == ak.edge.OVERSHOOTS
    assert shares[0] < shares[-1] - 0.1 and shares[-1] > 0.9
    assert row.find("attack", "uint8").agreement is None
    assert row.find("attack", "float").agreement is not None


def test_a_broken_file_costs_no_more_than_itself(fooled, variants, broken_file):
    found = ak.edge.survival(
        fooled,
        {"broken": broken_file, "int8": variants["int8"]},
        RUNTIMES,
        overshoots=(1,),
    )
    assert [(r.variant, r.runtime) for r in found.rows] == [
        ("int8", runtime) for runtime in RUNTIMES
    ]
    assert [(one["variant"], one["runtime"]) for one in found.skipped] == [
        ("broken", runtime) for runtime in RUNTIMES
    ]
    for one in found.skipped:
        assert "\n" not in one["reason"] and "path=" not in one["reason"]


def test_a_file_for_other_images_is_skipped(fooled, dense_files):
    found = ak.edge.survival(fooled, {"dense": dense_files["int8"]}, RUNTIMES)
    assert found.rows == ()
    for one in found.skipped:
        assert "shape (n, 4, 4, 1)" in one["reason"]


def test_a_timeout_is_a_reason(fooled, variants):
    found = ak.edge.survival(
        fooled, {"int8": variants["int8"]}, ("litert",), timeout=1e-3
    )
    assert found.skipped[0]["reason"].startswith("no answer within 0.001 s")


def without_latency(found):
    rows = [dataclasses.replace(row, latency=None) for row in found.rows]
    return dataclasses.replace(found, rows=tuple(rows))


def test_what_was_done_once_is_not_done_again(
    fooled, variants, broken_file, deep
):
    stored = {}

    def once(name, make):
        if name not in stored:
            stored[name] = json.dumps(make(), allow_nan=False)
        return json.loads(stored[name])

    def again(name, make):
        # What could not run was not stored: it is tried again, and fails.
        return json.loads(stored[name]) if name in stored else make()

    targets = {"int8": variants["int8"], "broken": broken_file}
    first, second, plain = (
        ak.edge.survival(
            fooled,
            targets,
            ("litert", "tflm"),
            source=deep,
            overshoots=OVERSHOOTS,
            once=how,
        )
        for how in (once, again, None)
    )
    of_one = [name for name in stored if not name.startswith("partings-")]
    assert len(of_one) == 4  # with the latency of those that run
    for runtime in ("litert", "tflm"):
        prefix = f"int8-{runtime}-"
        assert sum(name.startswith(prefix) for name in stored) == 2
    assert first == second
    assert without_latency(first) == without_latency(plain)


def test_another_file_of_the_same_name_is_another_target(fooled, variants):
    names = []

    def once(name, make):
        names.append(name)
        return make()

    for path in (variants["int8"], variants["float32"]):
        ak.edge.survival(
            fooled, {"it": path}, ("litert",), overshoots=(1,), once=once
        )
    assert len(set(names)) == 4  # a file's figures, and its latency


def test_one_result_or_several(fooled, variants):
    only = {"int8": variants["int8"]}
    one = ak.edge.survival(fooled, only, ("litert",), overshoots=(1,))
    several = ak.edge.survival(
        {"a": fooled, "b": fooled}, only, ("litert",), overshoots=(1,)
    )
    assert list(one.attacks) == ["attack"]
    assert list(several.attacks) == ["a", "b"]
    row, other = one.rows[0], several.rows[0]
    assert other.find("a").survival == other.find("b").survival
    assert row.find("attack").survival == other.find("a").survival


def test_threads_change_nothing_for_int8(fooled, variants):
    only = {"int8": variants["int8"]}
    rows = [
        ak.edge.survival(fooled, only, ("litert",), threads=n).rows[0]
        for n in (1, 2)
    ]
    assert rows[1].threads == 2
    assert rows[0].outcomes == rows[1].outcomes


def test_rows_go_through_json(found):
    for row in found.rows:
        stored = json.loads(json.dumps(row.to_json(), allow_nan=False))
        assert Row.from_json(stored) == row
    whole = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert type(found).from_json(whole) == found


def test_find(found):
    row = found.find("int8", "tflm")
    assert row.find("fgsm", "uint8", 1.2).overshoot == 1.2
    assert row.find("fgsm") is row.find("fgsm", "float", 1.0)
    assert row.find("fgsm", overshoot=3.0) is None
    assert row.find("other") is None
    with pytest.raises(ValueError, match=r"int8 on tflm.*variant='int4'"):
        found.find("int4", "litert")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"results": {}}, "`results` must not be empty"),
        ({"results": {"a": "b"}}, r"`results\['a'\]` must be .* of type str"),
        ({"variants": {"no": "missing.tflite"}}, r"variants\['no'\]="),
        ({"variants": {"no": "."}}, r"variants\['no'\]="),
        ({"runtimes": ("litert", "tvm")}, "`runtimes` must .*'tvm'"),
        ({"runtimes": ("device:no.json",)}, "`runtimes` must .*no.json"),
        ({"overshoots": (1, 0)}, "`overshoots` must .*=0"),
        ({"overshoots": ()}, "`overshoots` must not be empty"),
        ({"runtimes": ()}, "`runtimes` must not be empty"),
        ({"variants": {"source": __file__}}, "`variants` must have other"),
        ({"camera": ("blur:3",)}, "`camera` must .*'blur:3'"),
        ({"threads": 0}, "`threads` must .*=0"),
        ({"timeout": -1}, "`timeout` must .*=-1"),
    ],
)
def test_wrong_inputs_are_named_before_any_work(fooled, variants, wrong, said):
    given = {"results": fooled, "variants": variants, **wrong}
    with pytest.raises(ValueError, match=said):
        ak.edge.survival(**given, once=never)


def test_a_source_for_other_images_is_named_before_any_work(fooled, variants):
    with pytest.raises(ValueError, match="`images` must be of shape"):
        ak.edge.survival(fooled, variants, source=linear()[0], once=never)
