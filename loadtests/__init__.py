"""Locust files, started by the harness and usable alone."""
