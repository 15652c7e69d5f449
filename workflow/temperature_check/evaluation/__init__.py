"""The evaluation stages: metrics of finished runs, the choice of learning rates, the table of all runs."""
