"""White box or transfer: a copy attacked by its own gradients, or others'."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.attacks import origin
from advkeras.classifier import Classifier
from advkeras.edge.lift import TfliteClassifier
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate
from advkeras.evaluation import fields_from_json
from advkeras.evaluation import fields_to_json


@dataclasses.dataclass(frozen=True)
class Way:
    """What one way of attacking did to a copy, as its interpreter says.

    Attributes:
        accuracy: Of all images, those that the copy still reads rightly.
        fooled: Of the images that it read rightly before, those that it reads
            wrongly now; no answer is neither right nor wrong.
        reached: Of all images, those where an attack with targets reached
            them; None for one without.
        alone: Of all images, those that the copy reads wrongly and the float
            model rightly; None if there is no float model.
        distortion: Mean distortion of all images.
    """

    accuracy: Rate
    fooled: Rate
    reached: Rate | None
    alone: Rate | None
    distortion: float

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return fields_to_json(self)

    @classmethod
    def of(
        cls,
        copy: TfliteClassifier,
        result: AttackResult,
        source: Classifier | None,
        clean: np.ndarray,
    ) -> "Way":
        """Shows what an attack found, on whichever model, to a copy.

        Args:
            copy: The copy.
            result: What was found.
            source: The float model; None if there is none.
            clean: What the copy says of the clean images, int64, (n,).
        """
        labels, targets = result.labels, result.targets
        predicted = copy.predict(result.images, within_bounds=False)
        wrong = run_on_device.misread(predicted, labels)
        alone = None
        if source is not None:
            said = source.predict(result.images, within_bounds=False)
            alone = Rate.of(wrong & (said == labels))
        return cls(
            accuracy=Rate.of(predicted == labels),
            fooled=Rate.of(wrong[clean == labels]),
            reached=None if targets is None else Rate.of(predicted == targets),
            alone=alone,
            distortion=float(result.distortion.mean()),
        )


@dataclasses.dataclass(frozen=True)
class WhiteBox:
    """One attack on one copy, by its own gradients and by the float model's.

    Attributes:
        variant: Name of the copy.
        attack: Name of the attack.
        runtime: What executed the copy.
        clean: Of all images, those that the copy reads rightly unattacked.
        agreement: Of the images that the attack on the lift returned, those
            that lift and interpreter read alike.
        white_box: What the attack on the copy's lift did to it.
        transfer: What the same attack on the float model did to it; None if
            there is no float model, or the attack aims at copies only.
    """

    variant: str
    attack: str
    runtime: str
    clean: Rate
    agreement: Rate
    white_box: Way
    transfer: Way | None

    @property
    def masked(self) -> bool | None:
        """Whether gradients are masked rather than the copy robust.

        That is so if other people's gradients do more to a copy than its own
        (Athalye et al. 2018, section 3.1; Bernhard et al. 2019): the interval
        of its accuracy lies below. None where nothing was transferred.
        """
        if self.transfer is None:
            return None
        own, others = self.white_box.accuracy, self.transfer.accuracy
        if own.interval is None or others.interval is None:
            return None
        return others.interval[1] < own.interval[0]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            **fields_to_json(self),
            "masked": self.masked,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "WhiteBox":
        """Reads what `to_json` returned."""
        read = fields_from_json(
            {k: v for k, v in values.items() if k != "masked"}
        )
        for way in ("white_box", "transfer"):
            if values[way] is not None:
                read[way] = Way(**fields_from_json(values[way]))
        return cls(**read)


def white_box(
    variant: str,
    copy: TfliteClassifier,
    attack: str,
    own: AttackResult,
    transferred: AttackResult | None = None,
    source: Classifier | None = None,
) -> WhiteBox:
    """Compares an attack on a copy's lift with the same on the float model.

    Args:
        variant: Name of the copy.
        copy: The copy.
        attack: Name of the attack.
        own: What it found on the copy.
        transferred: What it found on the float model, for the same images;
            None to leave that out.
        source: The float model; None if there is none.

    Raises:
        ValueError: A result is of another model than it should be, or the two
            are of other images, labels or attacks.
    """
    check_result("own", own)
    origin.check_origin(
        "own", "a result", origin.differences(own, classifier=copy)
    )
    if transferred is not None:
        check_result("transferred", transferred)
        found = origin.differences(
            transferred, labels=own.labels, classifier=source
        )
        if not origin.same_images(own, transferred.originals, copy):
            found.append("other images")
        if origin.differ(own.attack, transferred.attack):
            found.append(f"another attack, {transferred.attack}")
        origin.check_origin("transferred", "a result", found)
    believed = copy.lifted_predict(own.images)
    return WhiteBox(
        variant=variant,
        attack=attack,
        runtime=copy.runtime,
        clean=Rate.of(own.clean_predictions == own.labels),
        agreement=Rate.of(believed == own.predictions),
        white_box=Way.of(copy, own, source, own.clean_predictions),
        transfer=(
            None
            if transferred is None
            else Way.of(copy, transferred, source, own.clean_predictions)
        ),
    )
