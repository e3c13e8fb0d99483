"""The page of a run: one file that explains itself, and needs no network."""

from advkeras.report.page.charts import Chart
from advkeras.report.page.pictures import Answers
from advkeras.report.page.pictures import Pictures
from advkeras.report.page.pictures import PictureSet
from advkeras.report.page.writing import Section
from advkeras.report.page.writing import write_page

__all__ = [
    "Answers",
    "Chart",
    "PictureSet",
    "Pictures",
    "Section",
    "write_page",
]
