"""What a model is, beyond what it says: its units, its norms, its radii."""

from advkeras.analysis import spectrum as spectrum
