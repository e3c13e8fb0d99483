"""What a model is, beyond what it says: its units, its norms, its radii."""

from advkeras.analysis import certificates as certificates
from advkeras.analysis import spectrum as spectrum
from advkeras.analysis import units as units
