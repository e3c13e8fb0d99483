"""White-box figures made by hand."""

from advkeras.edge import Way
from advkeras.edge import WhiteBox
from advkeras.evaluation import Rate


def way(right, reached=None, alone=None, distortion=0.1, n=12):
    """What a way of attacking did, in counts of 12 images."""
    return Way(
        accuracy=Rate(right, n),
        fooled=Rate(n - right, n),
        reached=None if reached is None else Rate(reached, n),
        alone=None if alone is None else Rate(alone, n),
        distortion=distortion,
    )


def white_box(variant="int8", attack="fgsm", own=3, others=6, alone=2, **how):
    """12 images, 11 of them read rightly; others=None: nothing transferred."""
    return WhiteBox(
        variant=variant,
        attack=attack,
        runtime="litert",
        clean=Rate(11, 12),
        agreement=Rate(12, 12),
        white_box=way(own, alone=alone, **how),
        transfer=None if others is None else way(others, distortion=0.05),
    )


def results(*rows, skipped=(), **others):
    """A results.json with a white box."""
    return {
        "source": "m1",
        "not_exported": {},
        "white_box": {
            "rows": [row.to_json() for row in rows],
            "skipped": list(skipped),
        },
        "command": "python -m apps.edge_eval --model=m1",
        **others,
    }
