"""The way to a Kubernetes cluster: its API server, what runs inside pods, the programs beside it."""
