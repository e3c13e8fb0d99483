"""apps.quickstart: the whole way, from nothing to a page."""

import dataclasses
import json

import pytest

import advkeras as ak
from advkeras.edge.variants import VARIANTS

NETS = {"m1": "fc100-100-10", "m1-prime": "fc123-456-10", "m2": "fc100-100-10"}


def check_folder(folder):
    """Everything that a quickstart leaves is there and hangs together."""
    results = json.loads((folder / "results.json").read_text())
    assert list(results["matrices"]) == ["fgsm", "lbfgs"]
    for matrix in results["matrices"].values():
        assert matrix["targets"] == list(NETS)
    for name, network in NETS.items():
        card = ak.models.read_card(folder / "models" / f"{name}.keras")
        assert card == results["cards"][name]
        assert card["network"] == network
    # One net, another on the same images, the same one on other images.
    m1, prime, m2 = (results["cards"][name] for name in NETS)
    assert m1["train_fingerprint"] == prime["train_fingerprint"]
    assert m1["train_fingerprint"] != m2["train_fingerprint"]
    assert {m["train_images"] for m in (m1, prime, m2)} == {2000}
    page = (folder / "index.html").read_text(encoding="utf-8")
    # Every image is within the page, as it is mailed.
    assert 'id="data">' in page and "data:image/webp" in page
    assert results["evaluation"]["source"] == "m1"
    assert results["evaluation"]["robustness"]["clean"]["n"] > 0
    check_edge(folder, results["evaluation"]["edge"], page)
    # Of every net and copy.
    copies = [f"m1-{name}" for name in VARIANTS]
    assert list(results["checks"]) == [*NETS, *copies]
    return results


def check_edge(folder, at_edge, page):
    """Every variant of m1 was shown to every runtime, and is on the page."""
    assert at_edge["source"] == "m1"
    *budgets, last = at_edge["attacks"]
    assert [b.partition("@")[0] for b in budgets] == ["fgsm", "pgd"]
    assert last == "lbfgs"
    assert {row["variant"] for row in at_edge["white_box"]["rows"]} == set(
        VARIANTS
    )
    survival = ak.edge.Survival.from_json(at_edge["survival"])
    asked = {(name, on) for name in VARIANTS for on in ak.edge.DEFAULT_RUNTIMES}
    ran = [(row.variant, row.runtime) for row in survival.rows]
    skipped = {(one["variant"], one["runtime"]) for one in survival.skipped}
    assert ran[0] == ("source", "keras")
    assert {*ran[1:], *skipped} == asked
    assert {on for _, on in skipped} <= {"tflm"}
    for name in VARIANTS:
        assert ak.models.read_card(folder / "tflite" / f"{name}.tflite")
        assert f">{name}</td>" in page
    assert "On devices: the .tflite copies of m1" in page
    assert "survival" in page and page.count("<svg") > 5


@pytest.mark.slow
def test_a_hurried_one(run_app, tmp_path, monkeypatch):
    """All of the wiring, with little training and few images."""
    real_train, real_sample = (
        ak.training.train_to_file,
        ak.datasets.ImageSet.sample,
    )

    def train_to_file(path, name, train_set, test_set, recipe, **options):
        recipe = dataclasses.replace(recipe, epochs=3)
        return real_train(path, name, train_set, test_set, recipe, **options)

    monkeypatch.setattr(ak.training, "train_to_file", train_to_file)
    monkeypatch.setattr(
        ak.datasets.ImageSet,
        "sample",
        lambda self, n, seed: real_sample(self, 6, seed),
    )
    ended = run_app("quickstart", f"--output={tmp_path}", "--seed=3")
    assert (ended.code or 0) == 0
    results = check_folder(tmp_path)
    assert results["settings"]["seed"] == 3
    assert [results["cards"][name]["seed"] for name in NETS] == [3, 3, 4]
    words = " ".join(ended.out.split())
    for sentence in results["in_words"]:
        assert sentence in words
    assert any("its copies read" in said for said in results["in_words"])
    counts = results["evaluation"]["edge"]["survival"]["attacks"]
    assert {count["n"] for count in counts.values()} == {6}

    # Called again it reads what is there, and says the same. That the figures
    # of a real one are those of README.md, tests/readme_figures.py checks.
    written = (tmp_path / "results.json").read_bytes()
    again = run_app("quickstart", f"--output={tmp_path}", "--seed=3")
    assert (again.code or 0) == 0
    assert again.out == ended.out
    assert (tmp_path / "results.json").read_bytes() == written
