"""The mathematics of early learning: products with the empirical kernel, time scales, and events of recorded runs."""
