"""For each image a bracket: up to here proved safe, from there found broken."""

from advkeras.analysis.certificates.brackets import Brackets
from advkeras.analysis.certificates.brackets import brackets
from advkeras.analysis.certificates.brackets import nearest
from advkeras.analysis.certificates.radii import METHODS
from advkeras.analysis.certificates.radii import radii

__all__ = ["METHODS", "Brackets", "brackets", "nearest", "radii"]
