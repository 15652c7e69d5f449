"""Figures. The module of a figure is chosen by name; its `draw` takes tables, and gives a picture and its numbers."""
