"""The application on one machine: local cloud, sandbox partners, seed data, demo."""
