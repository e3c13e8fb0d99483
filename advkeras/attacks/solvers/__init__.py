"""Solvers of L-BFGS: one batch for all images, or SciPy's image by image."""
