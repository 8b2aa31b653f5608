"""Exploring: what can vary in a use of batch norm, rows that cover every combination of it, and what a failure takes."""
