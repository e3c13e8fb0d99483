"""Szegedy et al. 2013, "Intriguing properties of neural networks"."""

from advkeras.studies.study import Study
from advkeras.studies.szegedy.layerwise import layerwise
from advkeras.studies.szegedy.minimal import table1
from advkeras.studies.szegedy.noise import noise
from advkeras.studies.szegedy.photographs import alexnet
from advkeras.studies.szegedy.spectrum import table5
from advkeras.studies.szegedy.transfer import table2
from advkeras.studies.szegedy.transfer import table4

# What each shows, in the order of the paper.
_SHOWS = {
    table1: "errors of six nets, and the smallest changes that fool each",
    table2: "do examples made for one of six nets fool the others?",
    table4: "do they fool nets trained on other images?",
    noise: "figure 7: noise beside adversarial changes",
    alexnet: "figure 5: photographs that AlexNet takes for a bird",
    layerwise: "section 4.2: training on adversarial examples of each layer",
    table5: "upper bounds of each layer's operator norm, and lower ones",
}
STUDIES = tuple(
    Study(f"szegedy.{measure.__name__}", shows, measure)
    for measure, shows in _SHOWS.items()
)
