"""Data that are read from their records while a network learns.

Apart from the package `data`: the code of a stream determines what it gives, that of other data sets does not.
"""
