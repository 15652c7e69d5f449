"""Studies: their settings, the phases of each task, and the runs of each phase. Neither NumPy nor Keras is needed."""
