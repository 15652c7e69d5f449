"""File extensions of figures, of tables for reading, and of claims."""

PICTURES = ("pdf", "png")
FIGURE_FORMATS = (*PICTURES, "csv")
TABLE_FORMATS = ("csv", "md", "tex")
CLAIMS_FORMATS = ("csv", "md", "json")
