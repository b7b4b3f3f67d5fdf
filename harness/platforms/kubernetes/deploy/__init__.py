"""What is brought into a Kubernetes cluster, and taken out again."""
