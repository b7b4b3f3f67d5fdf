"""What is done to a cluster and in what order: values, known before anything starts."""
