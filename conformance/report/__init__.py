"""The report: one model (:mod:`~conformance.report.model`), and a renderer for each form it takes
(:mod:`~conformance.report.renderers`).
"""
