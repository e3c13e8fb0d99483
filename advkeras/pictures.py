"""Picture: a figure of matplotlib that a notebook shows by itself."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Picture(Figure):
    """A figure made without pyplot, which keeps every figure it makes.

    A notebook shows other figures only once pyplot is imported.
    """

    def _repr_png_(self) -> bytes:
        FigureCanvasAgg(self)
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=80)
        return drawn.getvalue()
