"""Szegedy et al. 2013, "Intriguing properties of neural networks"."""

from advkeras.studies.study import Study
from advkeras.studies.szegedy.halves import table3
from advkeras.studies.szegedy.layerwise import layerwise
from advkeras.studies.szegedy.minimal import table1
from advkeras.studies.szegedy.noise import noise
from advkeras.studies.szegedy.photographs import alexnet
from advkeras.studies.szegedy.photographs import quocnet
from advkeras.studies.szegedy.radius import radius
from advkeras.studies.szegedy.spectrum import table5
from advkeras.studies.szegedy.transfer import table2
from advkeras.studies.szegedy.transfer import table4
from advkeras.studies.szegedy.units import units_and_directions

# In the order of the paper.
STUDIES = tuple(
    Study(f"szegedy.{name}", shows, measure)
    for name, shows, measure in (
        (
            "units",
            "section 3: single units and random directions",
            units_and_directions,
        ),
        (
            "table1",
            "errors of six nets, and the smallest changes that fool each",
            table1,
        ),
        (
            "table2",
            "do examples made for one of six nets fool the others?",
            table2,
        ),
        (
            "table3",
            "errors of nets trained on two halves, and what fools each",
            table3,
        ),
        ("table4", "do they fool nets trained on other images?", table4),
        ("noise", "figure 7: noise beside adversarial changes", noise),
        (
            "alexnet",
            "figure 5: photographs that AlexNet takes for a bird",
            alexnet,
        ),
        (
            "quocnet",
            "figure 6: cars that features without labels no longer see",
            quocnet,
        ),
        (
            "layerwise",
            "section 4.2: training on adversarial examples of each layer",
            layerwise,
        ),
        (
            "table5",
            "bounds of each layer's operator norm, upper and lower",
            table5,
        ),
        (
            "radius",
            "section 4.3: radii proved safe, beside examples found",
            radius,
        ),
    )
)
