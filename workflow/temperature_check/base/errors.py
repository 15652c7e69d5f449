"""Errors that a user can fix.

No fingerprint covers this module, because a run that ends in an error has no numbers.
"""

from __future__ import annotations


class UserError(Exception):
    """An error that a user can fix. The message says in one line what is wrong, where, and what would be right.

    Several errors that were found at once have one line each.
    """

    def __init__(self, *lines: str):
        super().__init__("\n".join(lines))

    @property
    def lines(self) -> list[str]:
        """One line for each error."""
        return str(self).split("\n")


def one_line(error: BaseException) -> str:
    """The message of an error in one line, or the name of its type if the message is empty.

    >>> one_line(ValueError("first,\\n  second")), one_line(KeyboardInterrupt())
    ('first, second', 'KeyboardInterrupt')
    """
    return " ".join(str(error).split()) or type(error).__name__
