"""Temperature check: training with softmax-cross-entropy losses at inverse temperature β (arXiv:2010.07344)."""

__version__ = "0.1.0"
