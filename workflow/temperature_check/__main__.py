"""`python -m temperature_check` is the command `temperature-check`."""

from temperature_check.cli import main

main()
