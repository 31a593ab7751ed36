"""`python -m pledgetracker`."""

from pledgetracker.cli import main

main()
