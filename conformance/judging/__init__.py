"""Judging: what is exact, how far from it a sound implementation may be, and what a requirement says of a trial."""
