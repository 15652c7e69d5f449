"""Adaptive phases, in which each run depends on earlier records. The module of a method is imported by name."""
