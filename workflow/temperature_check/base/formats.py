"""File extensions of figures and of tables for reading."""

PICTURES = ("pdf", "png")
FIGURE_FORMATS = (*PICTURES, "csv")
TABLE_FORMATS = ("csv", "md", "tex")
