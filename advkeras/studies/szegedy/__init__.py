"""Szegedy et al. 2013, "Intriguing properties of neural networks"."""

from advkeras.studies.study import Study
from advkeras.studies.szegedy.minimal import table1
from advkeras.studies.szegedy.noise import noise
from advkeras.studies.szegedy.transfer import table2
from advkeras.studies.szegedy.transfer import table4

# In the order of the paper.
STUDIES = (
    Study(
        "szegedy.table1",
        "errors of six nets, and the smallest changes that fool each",
        table1,
    ),
    Study(
        "szegedy.table2",
        "do examples made for one of six nets fool the others?",
        table2,
    ),
    Study(
        "szegedy.table4",
        "do they fool nets trained on other images?",
        table4,
    ),
    Study(
        "szegedy.noise",
        "figure 7: noise beside adversarial changes",
        noise,
    ),
)
