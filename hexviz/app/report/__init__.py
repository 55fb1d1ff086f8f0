"""The report: a whole model, with the reason for every tag, as one HTML file for reviewers."""

from hexviz.app.report.page import to_report

__all__ = ["to_report"]
