"""Running: shards, campaigns of them, and the pool of processes they run on."""
