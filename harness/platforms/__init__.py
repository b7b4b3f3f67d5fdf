"""What runs the members of a cluster."""
