"""Tables for reading. The module of a table is chosen by name: `compute` gives numbers, `display` how they are read."""
