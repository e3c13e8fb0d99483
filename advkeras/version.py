"""The version of advkeras, for the package and for model cards."""

__version__ = "0.1.0"
