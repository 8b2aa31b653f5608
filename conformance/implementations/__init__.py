"""Adapters of real frameworks to :mod:`conformance.implementation`, one file for each.

To add one, write a file with a class that satisfies :class:`~conformance.implementation.Implementation`, and
register the class under an id by an entry point of the group ``batchnorm_conformance.implementations``. Any
distribution can do so; nothing else needs to know of it.

A file here is imported only inside a worker process that runs one of its classes, and no two frameworks need
to live in one process. Before it imports its framework it asks it, by the framework's own environment
variables and unless they are set already, to compute with one thread.
"""
