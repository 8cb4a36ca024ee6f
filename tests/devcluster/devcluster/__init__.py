"""A small Kubernetes cluster in one command, for Ferry's tests and demo."""
