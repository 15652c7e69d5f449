"""Runs: their values and keys, chosen rates, checkpoints, and the store of finished runs."""
