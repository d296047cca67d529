"""The application on one machine: the local cloud, the sandbox partners, the seed, the demo."""
