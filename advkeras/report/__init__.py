"""Runs and what is drawn from their saved results."""

from advkeras.report.benchmark import benchmark_grids
from advkeras.report.benchmark import benchmark_lines
from advkeras.report.benchmark import benchmark_markdown
from advkeras.report.edge import edge_grids
from advkeras.report.edge import edge_in_words
from advkeras.report.evaluation import evaluation_grids
from advkeras.report.evaluation import evaluation_in_words
from advkeras.report.evaluation import evaluation_report
from advkeras.report.evaluation import evaluation_sections
from advkeras.report.export import export_grid
from advkeras.report.export import npu_grid
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
from advkeras.report.page import Section
from advkeras.report.page import write_page
from advkeras.report.robustness import robustness_grids
from advkeras.report.robustness import robustness_in_words
from advkeras.report.robustness import robustness_report
from advkeras.report.run import Run
from advkeras.report.run import fingerprint_of
from advkeras.report.spectrum import spectrum_grid
from advkeras.report.study_figures import bracket_histograms
from advkeras.report.survival import check_any_copy
from advkeras.report.survival import survival_report
from advkeras.report.survival_tables import survival_grids
from advkeras.report.survival_tables import survival_in_words
from advkeras.report.survival_tables import survival_markdown
from advkeras.report.transfer import transfer_grids
from advkeras.report.transfer import transfer_report
from advkeras.report.transfer import transfer_sections
from advkeras.report.trust import trust_in_words
from advkeras.report.trust import trust_report
from advkeras.report.trust import trust_section
from advkeras.report.units import unit_sheet
from advkeras.report.white_box import white_box_grids
from advkeras.report.white_box import white_box_in_words
from advkeras.report.white_box import white_box_markdown
from advkeras.report.white_box import white_box_report
from advkeras.report.words import in_words

__all__ = [
    "AttackMonitor",
    "Run",
    "Section",
    "agreement_grid",
    "agreement_in_words",
    "agreements_grid",
    "benchmark_grids",
    "benchmark_lines",
    "benchmark_markdown",
    "bracket_histograms",
    "check_any_copy",
    "edge_grids",
    "edge_in_words",
    "evaluation_grids",
    "evaluation_in_words",
    "evaluation_report",
    "evaluation_sections",
    "export_grid",
    "findings_grids",
    "findings_in_words",
    "findings_markdown",
    "fingerprint_of",
    "gallery",
    "heat_map",
    "in_words",
    "npu_grid",
    "operators_in_words",
    "robustness_grids",
    "robustness_in_words",
    "robustness_report",
    "spectrum_grid",
    "survival_grids",
    "survival_in_words",
    "survival_markdown",
    "survival_report",
    "transfer_grids",
    "transfer_report",
    "transfer_sections",
    "trust_in_words",
    "trust_report",
    "trust_section",
    "unit_sheet",
    "white_box_grids",
    "white_box_in_words",
    "white_box_markdown",
    "white_box_report",
    "write_page",
]
