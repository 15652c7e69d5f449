"""Training of runs: the engine, and one module a backend."""
