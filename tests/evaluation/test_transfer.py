import json

import keras
import pytest

import advkeras as ak
from advkeras.evaluation import Rate
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@pytest.fixture(scope="module")
def models():
    """Two unrelated linear models and a copy of the first."""
    a, kernel, bias = linear(classes=3, seed=0)
    copy = keras.models.clone_model(a.model)
    copy.layers[-1].set_weights([kernel, bias])
    return {
        "a": a,
        "copy": ak.Classifier(copy),
        "other": linear(classes=3, seed=1)[0],
    }


@pytest.fixture(scope="module")
def labelled(models):
    images = grey(16)
    return images, models["a"].predict(images)


@pytest.fixture(scope="module")
def matrix(models, labelled):
    return ak.evaluation.transfer_matrix(
        models, ak.attacks.LBFGS(c_rtol=0.1), *labelled, amplified=0.2
    )


def test_what_fools_a_model_fools_its_copy(matrix):
    row = matrix.rows[0]
    assert (row.name, row.kind, row.source) == ("a", "attack", "a")
    assert row.error["a"] == row.error["copy"] == Rate(16, 16)
    assert row.transfer["copy"] == Rate(16, 16)


def test_cells_are_what_the_models_say(models, labelled, matrix):
    images, labels = labelled
    result = ak.attacks.LBFGS(c_rtol=0.1)(models["other"], images, labels)
    for name, classifier in models.items():
        wrong = classifier.predict(result.images) != labels
        row = matrix.rows[2]
        assert row.error[name] == Rate.of(wrong)
        assert row.transfer[name] == Rate.of(wrong[result.success])
    assert matrix.clean_error["a"] == Rate(0, 16)


def test_rows_in_order(matrix):
    assert [row.kind for row in matrix.rows] == [
        *["attack"] * 3,
        *["amplified"] * 3,
        *["noise"] * 2,
    ]
    assert matrix.targets == ("a", "copy", "other")
    assert matrix.n == 16


def test_noise_is_at_least_as_large_as_any_source_s_mean(matrix):
    noise = matrix.rows[6]
    largest = max(row.distortion for row in matrix.rows[:3])
    assert largest <= noise.distortion + 1e-6 <= largest + 0.011
    assert noise.transfer == {}
    assert matrix.rows[7].distortion == pytest.approx(0.2, rel=1e-3)


def test_noise_of_a_size_that_float32_rounds_up(models, labelled):
    fgsm = ak.attacks.FGSM(0.14, clip=False)
    rows = ak.evaluation.transfer_matrix(models, fgsm, *labelled).rows
    assert rows[0].distortion == pytest.approx(0.14, abs=1e-6)
    assert [row.name for row in rows if row.kind == "noise"] == [
        "noise 0.1",
        "noise 0.14",
    ]


def test_json_says_it_all(matrix):
    stored = json.loads(json.dumps(matrix.to_json(), allow_nan=False))
    assert stored["rows"][0]["error"]["copy"]["value"] == 1.0
    assert stored["success"]["a"]["of_all"]["n"] == 16


def test_results_found_before_are_used(models, labelled, monkeypatch):
    images, labels = labelled
    attack = ak.attacks.FGSM(0.2)
    found = {n: attack(c, images, labels) for n, c in models.items()}
    once = ak.evaluation.transfer_matrix(models, attack, images, labels)

    def generate(*_):
        raise AssertionError("attacked again")

    monkeypatch.setattr(ak.attacks.FGSM, "generate", generate)
    again = ak.evaluation.transfer_matrix(
        models, attack, images, labels, results=found
    )
    assert again.rows == once.rows


def test_models_that_do_not_fit(models):
    wide = ak.Classifier(models["a"].model, bounds=(0, 255))
    four = linear(classes=4)[0]
    for other in (wide, four):
        with pytest.raises(ValueError, match="share"):
            ak.evaluation.transfer_matrix(
                {"a": models["a"], "b": other},
                ak.attacks.FGSM(0.1),
                grey(2),
                [0, 1],
            )
    with pytest.raises(ValueError, match="empty"):
        ak.evaluation.transfer_matrix({}, ak.attacks.FGSM(0.1), grey(2), [0, 1])


@pytest.mark.slow
@pytest.mark.tfds
def test_table_4_has_its_shape(tfds_dir):
    """Szegedy et al. 2013, table 4, on our own M1, M1', M2: its order."""
    models = {n: ak.load(n) for n in ("m1", "m1-prime", "m2")}
    test_set = ak.datasets.load("mnist", "test", data_dir=tfds_dir)
    images, labels = test_set.sample(256, seed=0)
    matrix = ak.evaluation.transfer_matrix(
        models, ak.attacks.LBFGS(), images, labels
    )
    rows = {(row.kind, row.source): row for row in matrix.rows}
    noise = max(rate.value for rate in rows["noise", None].error.values())
    for name in models:
        own = rows["attack", name]
        assert own.error[name].value == 1.0
        assert 0.04 < own.distortion < 0.065
        for target in models:
            if target != name:
                grown = rows["amplified", name].error[target].value
                assert grown > 2 * own.error[target].value
                assert own.error[target].value > noise
    m1 = rows["attack", "m1"].error
    assert m1["m1-prime"].value > m1["m2"].value
    assert max(c.value for c in matrix.clean_error.values()) < 0.03
