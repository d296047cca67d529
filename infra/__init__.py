"""What stands around the application: packaging, deployment, operation, the local cloud."""
