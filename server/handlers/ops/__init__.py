"""Health, metrics, documents, and the sandbox calls of development."""
