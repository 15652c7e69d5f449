"""The names of the kinds of failure of finished runs. `runs.outcome` tells them apart."""

from __future__ import annotations

FAILURES = ("diverged", "dead", "not begun", "collapsed")
"""Kinds of failure. A kind counts if none before it does.

diverged: a number is not finite. dead: the output is the same for every example. not begun: no accuracy recorded in
training was ever above the limit of failure. collapsed: one was, and the accuracy at the end is not.
"""
