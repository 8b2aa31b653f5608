"""What the adapters of Flax share: how it saves."""

from __future__ import annotations

from typing import Any

from conformance.implementations._jax import JaxLayer

# isort: split
import flax.serialization
import jax
import jax.numpy as jnp

#: As msgpack, its own format of one file: https://flax.readthedocs.io/en/latest/api_reference/flax.serialization.html
SAVES = ("msgpack",)


class FlaxLayer(JaxLayer):
    def save(self, format: str) -> bytes:
        saved: bytes = flax.serialization.to_bytes(self._tree())
        return saved

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        found = jax.tree.map(jnp.asarray, flax.serialization.from_bytes(self._tree(), saved))
        self.affine, self.state = found["params"], found["batch_stats"]

    def _tree(self) -> dict[str, Any]:
        return {"params": self.affine, "batch_stats": self.state}
