"""Recipes are data, checked when they are made."""

import dataclasses

import pytest

import advkeras as ak


def test_every_network_has_a_recipe():
    for name in ak.models.names():
        recipe = ak.training.recipe(name)
        is_hidden_or_softmax = name.startswith(("fc", "ae"))
        # As Szegedy et al. trained theirs; batches for the convolutions.
        wanted = "lbfgs" if is_hidden_or_softmax else "adamw"
        assert recipe.optimizer == wanted


def test_only_features_without_labels_are_trained_before_the_rest():
    with_encoder = [
        name
        for name in ak.models.names()
        if ak.training.recipe(name).encoder_epochs
    ]
    assert set(with_encoder) == {"ae400-10", "quocnet"}


def test_digits_are_never_mirrored():
    photographs = {"conv-cifar10", "conv-maxout", "alexnet-cifar10"}
    for name in ak.models.names():
        augmented = ak.training.recipe(name).augment
        assert augmented == (name in photographs)


def test_a_network_of_the_user_s_has_the_common_recipe():
    assert ak.training.recipe("mine") == ak.training.Recipe()


def test_a_recipe_cannot_change():
    recipe = ak.training.recipe("fc10")
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 1
    assert dataclasses.replace(recipe, epochs=1).epochs == 1
    assert ak.training.recipe("fc10").epochs > 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "sgd"),
        ("epochs", 0),
        ("epochs", 1.5),
        ("batch_size", 0),
        ("batch_size", None),
        ("learning_rate", 0.0),
        ("learning_rate", -1e-3),
        ("learning_rate", float("nan")),
        ("weight_decay", -1e-4),
        ("encoder_epochs", -1),
    ],
)
def test_values_out_of_range(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be") as caught:
        ak.training.Recipe(**{name: value})
    assert str(caught.value).endswith(f"Received: {name}={value!r}")


def test_no_weight_decay_and_no_encoder_are_fine():
    recipe = ak.training.Recipe(weight_decay=0.0, encoder_epochs=0)
    assert recipe.weight_decay == 0.0


def test_an_attack_is_what_attacks_build_takes():
    with pytest.raises(ValueError, match="`attack` must be one of"):
        ak.training.Recipe(attack={"name": "nosuch"})
    with pytest.raises(ValueError, match="`epsilon` must be"):
        ak.training.Recipe(attack={"name": "fgsm", "epsilon": -1})
    with pytest.raises(ValueError, match=r"steps, .*Received: step among"):
        ak.training.Recipe(attack={"name": "pgd", "epsilon": 0.1, "step": 3})
    with pytest.raises(ValueError, match=r"needs.*'epsilon'"):
        ak.training.Recipe(attack={"name": "fgsm"})
    with pytest.raises(ValueError, match=r"a name and options.*'fgsm'"):
        ak.training.Recipe(attack="fgsm")
    with pytest.raises(ValueError, match="`attack` must be None where a net"):
        ak.training.Recipe("lbfgs", attack={"name": "fgsm", "epsilon": 0.1})
