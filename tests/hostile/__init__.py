"""Implementations that misbehave, for the tests of what the suite survives."""
