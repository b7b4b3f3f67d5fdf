"""A Milvus on Kubernetes: what it looks like, and what can be done to it."""
