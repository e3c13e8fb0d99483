"""A model file and its card belong together."""

import json

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras import files
from advkeras.models import cards


@pytest.fixture
def saved(tmp_path):
    """A model's path and the card that was written."""
    path = tmp_path / "net.keras"
    model = ak.models.build("fc10")
    return path, ak.models.save_with_card(model, path, {"seed": 7})


def test_the_card_says_what_the_model_is(saved):
    path, card = saved
    assert card["architecture"] == "fc10"
    assert card["parameters"] == 7850
    assert card["seed"] == 7
    assert card["sha256"] == files.sha256(path)
    assert json.loads(path.with_suffix(".json").read_text()) == card
    assert ak.models.read_card(path) == card
    names = sorted(p.name for p in path.parent.iterdir())
    assert names == ["net.json", "net.keras"]


def test_versions_are_those_of_this_process():
    versions = cards.versions()
    assert versions["advkeras"] == ak.__version__
    assert versions["numpy"] == np.__version__
    assert {"advkeras", "keras", "scipy", "tensorflow"} <= set(versions)


def test_another_file_than_the_card_describes(saved):
    path, _ = saved
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match="sha256 differs") as caught:
        ak.models.read_card(path)
    assert str(caught.value).endswith(f"Received: model_path={str(path)!r}")


def test_no_card(saved):
    path, _ = saved
    path.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match=r"must have a card \(.json\)"):
        ak.models.read_card(path)


@pytest.mark.parametrize("text", ["{}", '{"seed": 7', "[]", ""])
def test_a_card_that_is_none(saved, text):
    path, _ = saved
    path.with_suffix(".json").write_text(text)
    with pytest.raises(ValueError, match=r"`model_path` .* Received: "):
        ak.models.read_card(path)


def test_the_optimizer_is_left_out(tmp_path):
    model = ak.models.build("fc10")
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    ak.models.save_with_card(model, tmp_path / "net.keras", {})
    size = (tmp_path / "net.keras").stat().st_size
    # A weight takes four bytes, and Adam would keep two values more of each.
    assert size < 2 * 4 * model.count_params()
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert getattr(loaded, "optimizer", None) is None
    assert model.optimizer is not None  # the caller's model keeps its own


def test_a_card_that_is_not_json_leaves_the_old_one(saved):
    path, card = saved
    with pytest.raises(TypeError):
        ak.models.save_with_card(
            ak.models.build("fc10"), path, {"seed": object()}
        )
    assert json.loads(path.with_suffix(".json").read_text()) == card
