"""Claims of the paper and ours, and how they are judged."""
