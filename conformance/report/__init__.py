"""The forms a report takes for people and programs: what they share, and a renderer for each
(:mod:`~conformance.report.renderers`).
"""
