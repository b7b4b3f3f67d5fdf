"""Pure functions from a history to figures and findings: no clock, no network, no files."""
