"""bar: a progress bar, of text in a terminal and a widget in a notebook."""

import warnings

with warnings.catch_warnings():
    # Without ipywidgets a notebook has the bar of a terminal, which will do.
    warnings.filterwarnings("ignore", message="IProgress not found")
    from tqdm.auto import tqdm as bar

__all__ = ["bar"]
