"""Data sources, and data sets that are prepared from them. The module of a source is imported by name."""
