"""The application. Every Lambda function imports this package first."""

import gc

# Imported objects live as long as the process. Collecting them costs a tenth of a cold start.
gc.set_threshold(100_000)
