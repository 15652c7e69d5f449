"""Training of runs.

The *trainer* looks for a run in the store and, if it is missing, asks the *engine* to train it. The engine draws the
run's initial weights and asks the *feed* for steps. A feed of data in memory draws a *plan* of all steps first, and
passes parts of it to the *program*. A feed of streamed data passes one batch after another. The program computes
steps, probes and final logits; there is one per backend. Between steps the engine probes the run, and the *recorder*
measures what an experiment records in addition to the loss.
"""
