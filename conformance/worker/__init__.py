"""Implementations run in processes of their own; this package is both ends of the pipe.

The protocol: each message is a length, four bytes, unsigned, little endian, and that many bytes of
MessagePack, one map whose ``op`` names it (:mod:`conformance.protocol.messages`). The suite sends requests, the
worker one reply to each, in order. :mod:`~conformance.worker.serve` is the worker for implementations in Python,
:mod:`~conformance.worker.client` the side that survives whatever it does, :mod:`~conformance.worker.interpreter`
the Python it runs in, and :mod:`~conformance.worker.in_process` both ends without a pipe, for a notebook.
"""
