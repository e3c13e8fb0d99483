"""Runs and what is drawn from their saved results."""

from advkeras.analysis.spectrum.laid_out import spectrum_table
from advkeras.datasets.shards import fingerprint_of
from advkeras.evaluation.laid_out import transfer_tables
from advkeras.report.benchmark import benchmark_in_words
from advkeras.report.benchmark import benchmark_lines
from advkeras.report.benchmark import benchmark_markdown
from advkeras.report.benchmark import benchmark_section
from advkeras.report.benchmark import benchmark_tables
from advkeras.report.edge import edge_in_words
from advkeras.report.edge import edge_sections
from advkeras.report.edge import edge_tables
from advkeras.report.evaluation import evaluation_in_words
from advkeras.report.evaluation import evaluation_report
from advkeras.report.evaluation import evaluation_sections
from advkeras.report.evaluation import evaluation_tables
from advkeras.report.export import export_table
from advkeras.report.export import npu_table
from advkeras.report.export import operators_in_words
from advkeras.report.figures import gallery
from advkeras.report.figures import heat_map
from advkeras.report.findings import findings_in_words
from advkeras.report.findings import findings_markdown
from advkeras.report.findings import findings_section
from advkeras.report.findings import findings_tables
from advkeras.report.findings import studies_in_words
from advkeras.report.laid_out import frame
from advkeras.report.laid_out import results_tables
from advkeras.report.laid_out import seeds_table
from advkeras.report.lift import agreement_in_words
from advkeras.report.lift import agreement_table
from advkeras.report.lift import agreements_in_words
from advkeras.report.lift import agreements_table
from advkeras.report.looking import pictures
from advkeras.report.monitor import AttackMonitor
from advkeras.report.page import Section
from advkeras.report.page import write_page
from advkeras.report.robustness import robustness_in_words
from advkeras.report.robustness import robustness_report
from advkeras.report.robustness import robustness_tables
from advkeras.report.run import Run
from advkeras.report.saved import read
from advkeras.report.saved import save
from advkeras.report.saved import schema
from advkeras.report.study_figures import bracket_histograms
from advkeras.report.survival import check_any_copy
from advkeras.report.survival import survival_report
from advkeras.report.surviving import survival_in_words
from advkeras.report.surviving import survival_markdown
from advkeras.report.surviving import survival_tables
from advkeras.report.transfer import transfer_report
from advkeras.report.transfer import transfer_sections
from advkeras.report.trust import trust_in_words
from advkeras.report.trust import trust_report
from advkeras.report.trust import trust_section
from advkeras.report.units import unit_sheet
from advkeras.report.white_box import white_box_in_words
from advkeras.report.white_box import white_box_markdown
from advkeras.report.white_box import white_box_report
from advkeras.report.white_box import white_box_tables
from advkeras.report.words import in_words
from advkeras.report.words import transfer_in_words

__all__ = [
    "AttackMonitor",
    "Run",
    "Section",
    "agreement_in_words",
    "agreement_table",
    "agreements_in_words",
    "agreements_table",
    "benchmark_in_words",
    "benchmark_lines",
    "benchmark_markdown",
    "benchmark_section",
    "benchmark_tables",
    "bracket_histograms",
    "check_any_copy",
    "edge_in_words",
    "edge_sections",
    "edge_tables",
    "evaluation_in_words",
    "evaluation_report",
    "evaluation_sections",
    "evaluation_tables",
    "export_table",
    "findings_in_words",
    "findings_markdown",
    "findings_section",
    "findings_tables",
    "fingerprint_of",
    "frame",
    "gallery",
    "heat_map",
    "in_words",
    "npu_table",
    "operators_in_words",
    "pictures",
    "read",
    "results_tables",
    "robustness_in_words",
    "robustness_report",
    "robustness_tables",
    "save",
    "schema",
    "seeds_table",
    "spectrum_table",
    "studies_in_words",
    "survival_in_words",
    "survival_markdown",
    "survival_report",
    "survival_tables",
    "transfer_in_words",
    "transfer_report",
    "transfer_sections",
    "transfer_tables",
    "trust_in_words",
    "trust_report",
    "trust_section",
    "unit_sheet",
    "white_box_in_words",
    "white_box_markdown",
    "white_box_report",
    "white_box_tables",
    "write_page",
]
