"""Nothing to set up: the harness is a pytest plugin of the installed package."""
