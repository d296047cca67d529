"""The Chalice application. Kept small because it is compiled at every cold start."""

from chalice.app import Chalice, CORSConfig

from chalicelib.api import loading
from chalicelib.core.settings import Settings
from chalicelib.workers import lookups, renders, schedules, stream

# Chalice would reconfigure the logger of this name: plain text, errors only, no correlation id.
app = Chalice(app_name="venuecode", configure_logs=False)
app.api.cors = CORSConfig(
    allow_origin=Settings.from_environment().cors_origin,
    allow_headers=["Accept-Language", "X-Correlation-Id"],
    expose_headers=["X-Correlation-Id", "Retry-After"],
    max_age=86_400,
)
loading.register(app)
for worker in (lookups, renders, schedules, stream):
    app.register_blueprint(worker.functions)
