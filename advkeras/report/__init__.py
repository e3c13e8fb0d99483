"""Runs and what is drawn from their saved results."""

from advkeras.report.benchmark import benchmark_grids
from advkeras.report.benchmark import benchmark_lines
from advkeras.report.benchmark import benchmark_markdown
from advkeras.report.edge import edge_grids
from advkeras.report.edge import edge_in_words
from advkeras.report.export import export_grid
from advkeras.report.export import operators_in_words
from advkeras.report.figures import gallery
from advkeras.report.figures import heat_map
from advkeras.report.findings import findings_grids
from advkeras.report.findings import findings_in_words
from advkeras.report.findings import findings_markdown
from advkeras.report.lift import agreement_grid
from advkeras.report.lift import agreement_in_words
from advkeras.report.lift import agreements_grid
from advkeras.report.monitor import AttackMonitor
from advkeras.report.page import write_page
from advkeras.report.run import Run
from advkeras.report.spectrum import spectrum_grid
from advkeras.report.study_figures import bracket_histograms
from advkeras.report.survival import survival_report
from advkeras.report.survival_tables import survival_grids
from advkeras.report.survival_tables import survival_in_words
from advkeras.report.survival_tables import survival_markdown
from advkeras.report.tables import success_table
from advkeras.report.tables import transfer_table
from advkeras.report.transfer import transfer_report
from advkeras.report.trust import trust_in_words
from advkeras.report.trust import trust_report
from advkeras.report.units import unit_sheet
from advkeras.report.white_box import white_box_grids
from advkeras.report.white_box import white_box_in_words
from advkeras.report.white_box import white_box_markdown
from advkeras.report.white_box import white_box_report
from advkeras.report.words import in_words

__all__ = [
    "AttackMonitor",
    "Run",
    "agreement_grid",
    "agreement_in_words",
    "agreements_grid",
    "benchmark_grids",
    "benchmark_lines",
    "benchmark_markdown",
    "bracket_histograms",
    "edge_grids",
    "edge_in_words",
    "export_grid",
    "findings_grids",
    "findings_in_words",
    "findings_markdown",
    "gallery",
    "heat_map",
    "in_words",
    "operators_in_words",
    "spectrum_grid",
    "success_table",
    "survival_grids",
    "survival_in_words",
    "survival_markdown",
    "survival_report",
    "transfer_report",
    "transfer_table",
    "trust_in_words",
    "trust_report",
    "unit_sheet",
    "white_box_grids",
    "white_box_in_words",
    "white_box_markdown",
    "white_box_report",
    "write_page",
]
