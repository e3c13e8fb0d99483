"""What is kept of a run so that each of its images can be looked at."""

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import files
from advkeras import work
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.evaluation import answers_of
from advkeras.report.page import Answers
from advkeras.report.page import Pictures
from advkeras.report.page import PictureSet
from advkeras.report.run import Run

CLEAN = "clean"
_BATCH = 256


def keep_answers(
    run: Run,
    models: Mapping[str, Classifier],
    results: Mapping[str, AttackResult],
) -> None:
    """Asks models what they say of the images that attacks found.

    Args:
        run: Where the answers go.
        models: Name -> who is asked.
        results: Name of the folder in examples/ -> what it holds; of the
            longest the clean images are shown as well.
    """
    longest = max(results.values(), key=len)
    shown = {CLEAN: longest.originals}
    shown |= {name: result.images for name, result in results.items()}
    of: dict[str, Any] = {
        "images": {k: one.fingerprint() for k, one in results.items()}
    }
    of |= {"models": {k: one.fingerprint() for k, one in models.items()}}

    def ask() -> dict[str, Any]:
        return {
            name: {
                who: _said_by(model, images) for who, model in models.items()
            }
            for name, images in shown.items()
        }

    first = next(iter(results))
    for name, said in run.once(f"said-of-{first}", ask, of).items():
        run.answers.setdefault(name, {}).update(said)


def add_answers(
    run: Run, answers: Mapping[str, Any], files_of: Mapping[str, str]
) -> None:
    """Adds what copies said to what the models did.

    Args:
        run: Where the answers go.
        answers: `Survival.answers`.
        files_of: Name of the attack -> name of its folder in examples/.
    """
    for name, said in answers.items():
        key = files_of.get(name, name)
        run.answers.setdefault(key, {}).update(said)


def pictures(
    output: str | Path, class_names: Sequence[str], shown: Sequence[str]
) -> Pictures | None:
    """Reads the images of a run, and what was said of them.

    Args:
        output: The folder of the run.
        class_names: What each label stands for.
        shown: Names of folders in examples/; those that are not there are left
            out.

    Returns:
        For `write_page`; None where there is nothing to show.
    """
    answers = {}
    if (path := Path(output) / "answers.json").is_file():
        answers = files.read_json(path, kind=dict)
    sets = []
    plan = work.Plan.begun(output)
    for name in dict.fromkeys(shown):
        folder = f"examples/{name}"
        if folder not in plan.folders:
            continue
        # Of several shards the first, and how many images there are in all.
        path, count = plan.paths(folder)[0], plan.folders[folder].images
        if path.is_file():
            result = AttackResult.load(path, max_gb=1024.0)
            sets.append(PictureSet(name, result, _read(answers, name), count))
    if not sets or sets[0].result.images.ndim != 4:
        return None
    return Pictures(sets, class_names, _read(answers, CLEAN))


def _said_by(model: Classifier, images: np.ndarray) -> dict[str, list[Any]]:
    labels = model.predict(images, within_bounds=False)
    outputs = [
        np.asarray(model.logits(tf.constant(images[i : i + _BATCH])))
        for i in range(0, len(images), _BATCH)
    ]
    return answers_of(np.concatenate(outputs), labels)


def _read(answers: Mapping[str, Any], name: str) -> list[Answers]:
    return [Answers(who, **said) for who, said in answers.get(name, {}).items()]
