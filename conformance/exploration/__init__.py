"""Exploring: what can vary in a use of batch norm, rows that cover it in pairs, and what a failure takes."""
