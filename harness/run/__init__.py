"""Carries out a plan: the only place that orders things in time."""
