"""A small bundle, and what a device might say of it."""

import copy
import json
import platform

import pytest

import advkeras as ak
from advkeras.edge import bundle
from advkeras.edge import page
from advkeras.edge.standalone import run_on_device

N = 40


def make(output, classifier, variants, **settings):
    """Writes a bundle of 40 digits, of which FGSM fools some; its folder."""
    images, labels = ak.datasets.load("mnist5k", "test").sample(N, seed=0)
    result = ak.attacks.FGSM(epsilon=0.1)(classifier, images, labels)
    settings = {
        "runtimes": ("litert", "litert-reference"),
        "overshoots": (1.0, 1.2),
        "class_names": [f"digit {i}" for i in range(10)],
        "about": {"dataset": "mnist5k", "seed": 0, "command": "python -m it"},
        **settings,
    }
    return bundle.write_bundle(
        output, {"fgsm": result}, variants, source=classifier, **settings
    )


def make_served(output, classifier, variants):
    """Writes a bundle with what stands for a page, an index.html alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "check_here", lambda: None)
        patch.setattr(
            page, "write", lambda to: (to / "index.html").write_text("a page")
        )
        return make(output, classifier, variants, page=True)


def answers(manifest, runtime="litert"):
    """Returns the results of a device that says what a runtime here says."""
    models = {
        variant: {
            "input": model["input"],
            "output": model["output"],
            "outputs": copy.deepcopy(manifest["expected"][runtime][variant]),
            "latencies": [1.0, 2.0, 3.0],
        }
        for variant, model in manifest["models"].items()
    }
    return {
        "format": 1,
        "manifest": copy.deepcopy(manifest),
        "device": {"machine": platform.machine(), "processor": "a chip"},
        "runtime": "ai_edge_litert 0.0.0",
        "threads": 1,
        "models": models,
    }


def signed(values):
    """Takes the SHA-256 of results that a test changed, and their manifest."""
    if isinstance(values, dict):
        if "manifest" in values:
            signed(values["manifest"])
        values["sha256"] = run_on_device.digest_of(values)
    return values


def write(path, values):
    """Writes results as a device does; returns the path."""
    signed(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))
    return path
