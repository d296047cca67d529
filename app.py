"""The Chalice application. Kept small because it is compiled at every cold start."""

from chalice.app import Chalice, CORSConfig

from chalicelib.api import loading
from chalicelib.core.settings import Settings
from chalicelib.workers import counts, lookups, reconciliations, renders, schedules, settles, stream

# Chalice would reconfigure the logger of this name: plain text, errors only, no correlation id.
app = Chalice(app_name="venuecode", configure_logs=False)
app.api.cors = CORSConfig(
    allow_origin=Settings.from_environment().cors_origin,
    allow_headers=["Accept-Language", "X-Correlation-Id"],
    expose_headers=["X-Correlation-Id", "Retry-After", "Date"],
    max_age=86_400,
)
# Chalice would refuse a file to a client that does not say that it accepts it.
app.api.binary_types = []
loading.register(app)
for worker in (counts, lookups, reconciliations, renders, schedules, settles, stream):
    app.register_blueprint(worker.functions)
