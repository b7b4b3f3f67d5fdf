"""The harness tested on itself: violations planted from outside, and whether the check that must fire does."""
