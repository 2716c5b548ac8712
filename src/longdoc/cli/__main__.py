"""`python -m longdoc.cli`."""

from longdoc.cli.app import main

main()
