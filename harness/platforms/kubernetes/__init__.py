"""The platform `kubernetes`: Milvus's custom resource, driven by its operator."""
