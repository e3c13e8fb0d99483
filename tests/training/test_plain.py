"""Training by a recipe: seeded, and going on where it was interrupted."""

import gc

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.models.autoencoder import ENCODER
from advkeras.training import plain


def fit(network, digits, recipe, seed=0, **options):
    """Trains a new network and returns it."""
    model = ak.models.build(network, seed=1)
    ak.training.train(
        model, digits.images, digits.labels, recipe, seed=seed, **options
    )
    return model


def error(model, data):
    wrong = ak.Classifier(model).predict(data.images) != data.labels
    return wrong.mean()


def assert_same(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# By AdamW.


@pytest.mark.parametrize(
    "augment", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_the_same_seed_gives_the_same_weights(digits, augment):
    recipe = ak.training.Recipe(epochs=2, batch_size=50, augment=augment)
    models = [fit("fc10", digits, recipe, seed) for seed in (5, 5, 6)]
    assert_same(models[0], models[1])
    kernels = [model.get_weights()[0] for model in models]
    assert not np.array_equal(kernels[0], kernels[2])


@pytest.mark.slow
def test_a_convolutional_net_learns_digits(digits, test_digits):
    recipe = ak.training.Recipe(epochs=6, batch_size=25, learning_rate=3e-3)
    model = fit("conv-mnist", digits, recipe)
    assert error(model, digits) < 0.1
    assert error(model, test_digits) < 0.2


def test_the_learning_rate_warms_up_and_falls_to_zero(digits):
    recipe = ak.training.Recipe(epochs=10, batch_size=100, learning_rate=0.01)
    model = fit("fc10", digits, recipe)
    assert int(model.optimizer.iterations) == 40  # 400 images, 4 steps x 10
    schedule = model.optimizer._learning_rate
    rates = np.array([float(schedule(step)) for step in range(41)])
    assert rates[0] == pytest.approx(0.001)
    assert rates.argmax() == 8  # after a fifth
    assert rates.max() == pytest.approx(0.01)
    assert rates[40] == pytest.approx(0.0, abs=1e-8)


@pytest.mark.slow
def test_weight_decay_is_the_recipe_s(digits):
    norms = [
        np.linalg.norm(
            fit(
                "fc10", digits, ak.training.Recipe(epochs=5, weight_decay=decay)
            ).get_weights()[0]
        )
        for decay in (0.0, 10.0)
    ]
    assert norms[1] < norms[0]


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_augmentation_keeps_shape_type_and_range(shape):
    random = np.random.default_rng(0)
    images = random.random((20, *shape), np.float32)
    labels = np.arange(20)
    recipe = ak.training.Recipe(batch_size=8, augment=True)
    batches = list(plain._batches(images, labels, recipe, seed=0))
    assert [len(x) for x, _ in batches] == [8, 8, 4]
    shown = np.concatenate([x.numpy() for x, _ in batches])
    order = np.concatenate([y.numpy() for _, y in batches])
    assert sorted(order) == list(range(20))  # each image once
    assert shown.dtype == np.float32
    assert shown.shape == images.shape
    assert shown.min() >= images.min()
    assert shown.max() <= images.max()
    unchanged = [
        np.array_equal(a, images[i]) for a, i in zip(shown, order, strict=True)
    ]
    assert sum(unchanged) <= 4  # 1 in 162 is, by chance


def test_augmentation_shifts_and_mirrors(digits):
    """Each shown image is a crop of the padded image or of its mirror."""
    recipe = ak.training.Recipe(batch_size=40, augment=True)
    images = digits.images[:40]
    batches = plain._batches(images, np.arange(40), recipe, seed=1)
    ((shown, order),) = batches.as_numpy_iterator()
    mirrored = 0
    for image, i in zip(shown, order, strict=True):
        padded = np.pad(images[i, ..., 0], 4, mode="reflect")
        crops = [
            padded[y : y + 28, x : x + 28] for y in range(9) for x in range(9)
        ]
        plainly = any(np.array_equal(image[..., 0], c) for c in crops)
        turned = any(np.array_equal(image[..., 0], c[:, ::-1]) for c in crops)
        assert plainly or turned
        mirrored += not plainly
    assert 8 <= mirrored <= 32  # half of 40, within 4 standard deviations


def test_without_augmentation_images_are_shown_as_they_are(digits):
    recipe = ak.training.Recipe(batch_size=64)
    batches = plain._batches(digits.images, np.arange(400), recipe, seed=0)
    for images, rows in batches.as_numpy_iterator():
        np.testing.assert_array_equal(images, digits.images[rows])


def test_interrupted_between_epochs(digits, tmp_path, monkeypatch):
    """It goes on with the next epoch, at the step it was at."""
    recipe = ak.training.Recipe(epochs=4, batch_size=100)
    backup = tmp_path / "backup"
    epochs = []

    class Watch(plain._ProgressBar):
        def on_epoch_begin(self, epoch, logs=None):
            epochs.append((epoch, int(self.model.optimizer.iterations)))
            if len(epochs) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(plain, "_ProgressBar", Watch)
    with pytest.raises(KeyboardInterrupt):
        fit("fc10", digits, recipe, backup_dir=backup, progress=True)
    assert epochs == [(0, 0), (1, 4), (2, 8)]
    assert backup.exists()
    fit("fc10", digits, recipe, backup_dir=backup, progress=True)
    assert epochs[3:] == [(2, 8), (3, 12)]


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(None, id="clean", marks=pytest.mark.slow),
        pytest.param({"name": "fgsm", "epsilon": 0.1}, id="fgsm"),
        pytest.param(
            {"name": "noise", "epsilon": 0.1},
            id="noise",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_interrupted_it_ends_where_it_would_have(
    digits, tmp_path, monkeypatch, attack
):
    """The order of the images, dropout and noise are those of the epoch."""
    recipe = ak.training.Recipe(epochs=4, batch_size=100, attack=attack)

    def fit(**options):
        model = ak.models.build("fc100-100-10", dropout=(0.2, 0.5))
        ak.training.train(
            model, digits.images, digits.labels, recipe, seed=3, **options
        )
        return np.concatenate([w.ravel() for w in model.get_weights()])

    class Interrupt(plain._ProgressBar):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    backup = tmp_path / "backup"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(plain, "_ProgressBar", Interrupt)
        fit(backup_dir=backup, progress=True)
    np.testing.assert_allclose(fit(backup_dir=backup), fit(), atol=1e-6)


def test_an_error_is_below_the_bar(digits, tmp_path, monkeypatch, capfd):
    """The bar is done with when the error comes, and not drawn again."""
    monkeypatch.setattr(plain.np, "savez", lambda *_, **__: 1 / 0)
    recipe = ak.training.Recipe(epochs=2, batch_size=100)
    with pytest.raises(ZeroDivisionError):
        fit("fc10", digits, recipe, backup_dir=tmp_path, progress=True)
    assert capfd.readouterr().err.endswith("\n")
    gc.collect()
    assert capfd.readouterr().err == ""


def test_every_epoch_has_an_order_of_its_own(digits):
    recipe = ak.training.Recipe(batch_size=64)
    rows = np.arange(400)
    orders = []
    for epoch in (0, 1, 1):
        batches = plain._batches(digits.images, rows, recipe, 0, epoch)
        orders.append(
            np.concatenate([y for _, y in batches.as_numpy_iterator()])
        )
    first, second, again = orders
    assert sorted(first) == sorted(second) == list(rows)
    assert (first != second).mean() > 0.9
    np.testing.assert_array_equal(second, again)


def test_an_attack_in_the_recipe_makes_a_net_that_is_harder_to_fool(digits):
    found = []
    for attack in (None, {"name": "fgsm", "epsilon": 0.1}):
        recipe = ak.training.Recipe(
            epochs=10, batch_size=50, learning_rate=5e-3, attack=attack
        )
        model = fit("fc100-100-10", digits, recipe)
        assert type(model) is keras.Sequential
        attacked = ak.attacks.FGSM(0.1)(model, digits.images, digits.labels)
        found.append(attacked.success.mean())
    assert found[1] < found[0] - 0.1


# By L-BFGS.


@pytest.fixture
def watched(monkeypatch):
    """Notes each call of fit_lbfgs, and interrupts the first at the 7th."""
    calls = []
    original = plain.fit_lbfgs

    def fit_lbfgs(model, images, labels, iterations, callback, **more):
        calls.append((iterations, model.get_weights()))

        def after(iteration, objective):
            callback(iteration, objective)
            if len(calls) == 1 and iteration == 7:
                raise KeyboardInterrupt

        return original(model, images, labels, iterations, after, **more)

    monkeypatch.setattr(plain, "fit_lbfgs", fit_lbfgs)
    monkeypatch.setattr(plain, "_CHECKPOINT_EVERY", 3)
    return calls


def test_interrupted_after_a_checkpoint(digits, tmp_path, watched):
    recipe = ak.training.Recipe("lbfgs", epochs=20)
    backup = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fit("fc10", digits, recipe, backup_dir=backup)
    with np.load(backup / "lbfgs.npz") as stored:
        assert stored["iterations"] == 6
        checkpoint = [stored["w0"], stored["w1"]]
    resumed = fit("fc10", digits, recipe, backup_dir=backup)
    (first, _), (second, start) = watched
    assert [first, second] == [20, 14]
    for a, b in zip(start, checkpoint, strict=True):
        np.testing.assert_array_equal(a, b)
    assert_same(resumed, fit("fc10", digits, recipe))


@pytest.mark.parametrize("network", ["fc10", "fc100-100-10"])
@pytest.mark.parametrize("killed", [2, 3, 10, 29])
def test_by_lbfgs_it_ends_where_it_would_have(
    digits, tmp_path, monkeypatch, network, killed
):
    """Interrupted anywhere, twice: the weights are the same, bit by bit."""
    monkeypatch.setattr(plain, "_CHECKPOINT_EVERY", 3)
    recipe = ak.training.Recipe("lbfgs", epochs=30)
    original = plain.fit_lbfgs

    def interrupted(model, images, labels, iterations, callback, **more):
        def after(iteration, objective):
            callback(iteration, objective)
            if iteration >= killed:
                raise KeyboardInterrupt

        return original(model, images, labels, iterations, after, **more)

    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(plain, "fit_lbfgs", interrupted)
            fit(network, digits, recipe, backup_dir=tmp_path)
        if killed > 15:  # the second does not come so far
            break
    resumed = fit(network, digits, recipe, backup_dir=tmp_path)
    assert_same(resumed, fit(network, digits, recipe))


def test_without_the_solvers_state_it_says_so(digits, tmp_path):
    """As of a backup that an older version left."""
    recipe = ak.training.Recipe("lbfgs", epochs=6)
    weights = ak.models.build("fc10", seed=9).get_weights()
    np.savez(tmp_path / "lbfgs.npz", iterations=3, w0=weights[0], w1=weights[1])
    with pytest.warns(UserWarning, match="no state of its solver"):
        model = fit("fc10", digits, recipe, backup_dir=tmp_path)
    assert np.abs(model.get_weights()[0] - weights[0]).max() > 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b"PK"), id="no archive"),
        pytest.param(lambda path: np.savez(path, w0=[1.0]), id="another's"),
    ],
)
def test_a_damaged_checkpoint_of_lbfgs_is_told(damage, digits, tmp_path):
    damage(tmp_path / "lbfgs.npz")
    recipe = ak.training.Recipe("lbfgs", epochs=2)
    model = ak.models.build("fc10", seed=0)
    with pytest.raises(ValueError, match=r"^`backup_dir` must be a") as raised:
        ak.training.train(
            model, digits.images, digits.labels, recipe, backup_dir=tmp_path
        )
    assert "lbfgs.npz" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_interrupted_after_the_last_iteration(digits, tmp_path, watched):
    """Nothing is left to do, and nothing is done."""
    recipe = ak.training.Recipe("lbfgs", epochs=6)
    backup = tmp_path / "backup"
    backup.mkdir()
    weights = ak.models.build("fc10", seed=9).get_weights()
    np.savez(backup / "lbfgs.npz", iterations=6, w0=weights[0], w1=weights[1])
    model = fit("fc10", digits, recipe, backup_dir=backup)
    assert watched == []
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


@pytest.mark.slow
def test_a_resumed_encoder_is_not_trained_again(digits, tmp_path, monkeypatch):
    recipe = ak.training.Recipe("lbfgs", epochs=2, encoder_epochs=1)
    backup = tmp_path / "backup"

    def interrupt(*_, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(plain, "fit_lbfgs", interrupt)
        fit("ae400-10", digits, recipe, backup_dir=backup)
    with monkeypatch.context() as patch:
        patch.setattr(plain, "pretrain_encoder", interrupt)
        resumed = fit("ae400-10", digits, recipe, backup_dir=backup)
    assert_same(resumed, fit("ae400-10", digits, recipe))


def test_an_encoder_is_trained_before_the_rest(digits):
    recipe = ak.training.Recipe("lbfgs", epochs=1, encoder_epochs=1)
    model = fit("ae400-10", digits, recipe)
    fresh = ak.models.build("ae400-10", seed=1)
    ak.training.pretrain_encoder(fresh, digits.images, 1, seed=0)
    np.testing.assert_array_equal(
        model.get_layer(ENCODER).get_weights()[0],
        fresh.get_layer(ENCODER).get_weights()[0],
    )


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["lbfgs", "adamw"])
def test_progress_is_shown_if_asked_for(digits, capsys, optimizer):
    recipe = ak.training.Recipe(optimizer, epochs=2)
    fit("fc10", digits, recipe)
    assert capsys.readouterr() == ("", "")
    fit("fc10", digits, recipe, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "fc10" in shown.err
    assert "2/2" in shown.err


def test_the_model_is_returned(digits):
    model = ak.models.build("fc10")
    recipe = ak.training.Recipe("lbfgs", epochs=1)
    images, labels = digits.images, digits.labels
    assert ak.training.train(model, images, labels, recipe) is model
    assert isinstance(model, keras.Model)
