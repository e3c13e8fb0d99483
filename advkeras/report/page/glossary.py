"""The field's words: what each means, told where it stands."""

import re
from collections.abc import Iterator
from collections.abc import Mapping

import markupsafe

# As people read them, the longer first where one holds another.
TERMS = {
    "robust accuracy": "Of all images, the share that the model still reads "
    "rightly after the attack. Attacks find changes, they do not prove that "
    "there are none: the true figure may be lower.",
    "agreement": "Of all images, the share that two models, or two runtimes, "
    "read alike, rightly or not.",
    "distortion": "How much an image was changed: the root of the mean squared "
    "change of a pixel, as a share of the pixel range. 0.01 is 2.6 of 255 grey "
    "levels on average.",
    "epsilon": "The most that any pixel may change.",
    "overshoot": "A factor that a found change is multiplied by, so that it "
    "survives rounding. 1 is the change as it was found, the smallest one.",
    "survival": "Of the images that fool the float model, the share that still "
    "fool what they are shown to: a copy, a runtime, a device.",
    "survive": "To still fool what it is shown to, after rounding or on "
    "another model.",
    "transfer": "Images made for one model, shown to another that the attack "
    "never saw.",
    "white box": "An attack that sees the model's own gradients.",
    "float model": "The model as it was trained, in 32-bit numbers.",
    "runtime": "The program that runs a model file; two of them may round "
    "differently.",
    "95 % interval": "Wilson's interval: with other images of the same kind, "
    "19 of 20 such intervals would hold the true share.",
    "Linf": "The largest change of any pixel.",
    "L2": "The root of the summed squared changes of all pixels.",
    "RMS": "Root of the mean of squares.",
    "fgsm": "Fast gradient sign method (Goodfellow et al. 2014): one step of "
    "epsilon along the sign of the gradient.",
    "pgd": "Projected gradient descent (Madry et al. 2017): many small steps, "
    "each brought back to within epsilon.",
    "apgd": "PGD that chooses its step by its progress (Croce and Hein 2020).",
    "lbfgs": "Box-constrained L-BFGS (Szegedy et al. 2013): searches for the "
    "smallest change that fools the model.",
    "ensemble": "Several attacks one after the other; an image counts as "
    "fooled where any of them succeeds.",
    "noise": "Random changes of the same size, which no attack chose: what "
    "chance alone does.",
    "int8-float-io": "The model in 8-bit integers inside, with inputs and "
    "outputs in 32-bit numbers.",
    "int8-uint8-io": "The model in 8-bit integers, its pixels as a camera "
    "gives them, 0 to 255.",
    "int8": "The model in 8-bit integers throughout: what most small devices "
    "run.",
    "int16x8": "Weights in 8-bit integers, activations in 16-bit ones.",
    "dynamic": "Weights in 8-bit integers, activations in 32-bit numbers.",
    "float16": "Weights in 16-bit numbers, computed in 32-bit ones.",
    "float32": "The model in 32-bit numbers, as it was trained.",
    "uint8": "Pixels rounded to whole grey levels, 0 to 255, as files and "
    "cameras hold them.",
    "litert-reference": "LiteRT, formerly TensorFlow Lite, with its plain "
    "kernels.",
    "litert": "LiteRT, formerly TensorFlow Lite, with XNNPACK: what phones and "
    "small computers run.",
    "tflm": "TensorFlow Lite Micro: what microcontrollers run.",
    "tflite": "TensorFlow Lite's file format, now LiteRT's.",
}


class Glossary:
    """Marks terms in texts, and remembers which ones were met.

    Args:
        own: What else to explain: names of models, say -> what they are.
    """

    def __init__(self, own: Mapping[str, str] | None = None):
        self.terms = {**(own or {}), **TERMS}
        longest = sorted(self.terms, key=len, reverse=True)
        listed = "|".join(map(re.escape, longest))
        # Not within a longer name, a path or a number.
        self._term = re.compile(rf"(?<![\w./=-])({listed})(?![\w/=-]|\.\w)")
        self._met: dict[str, str] = {}
        self._seen: set[str] = set()

    def part(self) -> str:
        """Begins a part of the page, where each term is explained once."""
        self._seen.clear()
        return ""

    def meant(self, text: str) -> markupsafe.Markup:
        """Returns a text as HTML; a term that is new here is a button."""
        made = []
        for i, part in enumerate(self._term.split(str(text))):
            if i % 2 == 0 or part in self._seen:
                made.append(markupsafe.escape(part))
                continue
            self._seen.add(part)
            key = self._met.setdefault(part, f"term-{len(self._met)}")
            made.append(
                markupsafe.Markup(
                    '<button type="button" class="term" popovertarget="{}">'
                    "{}</button>"
                ).format(key, part)
            )
        return markupsafe.Markup("").join(made)

    def met(self) -> Iterator[tuple[str, str, str]]:
        """Yields the key, name and meaning of each term that was marked."""
        for term, key in self._met.items():
            yield key, term, self.terms[term]
