"""What is done to a cluster, proven to have taken effect, and undone."""
