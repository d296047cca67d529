"""Secrets Manager and KMS. Values are cached for five minutes, the delay of a rotation.

While a service is unavailable, a process goes on with what it has read, for `STALE` at most.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from chalicelib.adapters.aws import client, translate_errors
from chalicelib.core import metrics
from chalicelib.core.cache import PatientCache
from chalicelib.core.clock import Clock
from chalicelib.core.crypto import DataKey
from chalicelib.core.errors import Unavailable
from chalicelib.core.logs import logger

Value = TypeVar("Value")

LIFE = timedelta(minutes=5)
"""How long a process keeps what it has read."""
STALE = timedelta(hours=12)
"""How long it keeps that while it cannot be read again."""
_PAUSE = timedelta(seconds=30)
"""After what time an unavailable service is asked again; a request waits seven seconds for it."""


def _cache_of(load: "Callable[[str], Value | None]", size: int, what: str) -> PatientCache[Value]:
    def report() -> None:
        logger().warning("keys_stale", extra={"source": what})
        metrics.record({"StaleKeys": 1})

    return PatientCache(load, LIFE, size, stale=STALE, pause=_PAUSE, report=report)


class SecretsManager:
    """A secret of key-value pairs. See `crypto.SecretSource`."""

    def __init__(self, secret_id: str, clock: Clock) -> None:
        self._secret_id = secret_id
        self._clock = clock
        self._cache = _cache_of(self._load, 1, "secrets_manager")

    def read(self) -> Mapping[str, str]:
        """Return the secret's pairs, at most five minutes old unless the service is unavailable.

        Raises Unavailable; LookupError for an empty secret. Cost: one GetSecretValue if not cached.
        """
        found = self._cache.get(self._secret_id, self._clock.now())
        if found is None:
            raise LookupError("the secret is empty")
        return found

    def _load(self, secret_id: str) -> Mapping[str, str] | None:
        with translate_errors():
            answer = client("secretsmanager").get_secret_value(
                SecretId=secret_id, VersionStage="AWSCURRENT"
            )
        pairs: Mapping[str, str] = json.loads(answer["SecretString"])
        return pairs


class WrappedKeys(Protocol):
    """The store of wrapped data keys, implemented by `identity.store.wrapped_keys`."""

    def get(self, key_id: str) -> bytes | None:
        """Return a wrapped key, or None. Cost: one strongly consistent GetItem."""

    def put_if_absent(self, key_id: str, wrapped: bytes) -> bytes:
        """Record `wrapped`, or return the one that another process has recorded first.

        Cost: one PutItem, and one GetItem if another process was first.
        """


class KmsDataKeys:
    """Data keys wrapped by KMS, a new one each month. See `crypto.DataKeys`.

    A key seals far fewer than the 2^32 fields that random nonces allow (NIST SP 800-38D, section
    8.3).
    """

    def __init__(self, kms_key: str, wrapped: WrappedKeys, clock: Clock) -> None:
        self._kms_key = kms_key
        self._wrapped = wrapped
        self._clock = clock
        self._cache = _cache_of(self._unwrap, 64, "kms")
        self._make_from: datetime | None = None

    def current(self, now: datetime) -> DataKey:
        """Return the month's key; its first use generates it.

        If KMS is unavailable at the turn of the month, this is the key of the month before, as long
        as this process has it. Raises Unavailable.
        """
        if self._make_from is not None and now < self._make_from:
            return self._before(now)
        try:
            return self._of(f"{now:%Y%m}", now)
        except Unavailable:
            found = self._before(now)
            self._make_from = now + _PAUSE
            return found

    def _of(self, key_id: str, now: datetime) -> DataKey:
        found = self._cache.get(key_id, now)
        if found is None:
            with translate_errors():
                made = client("kms").generate_data_key(
                    KeyId=self._kms_key, KeySpec="AES_256", EncryptionContext=_context(key_id)
                )
            self._wrapped.put_if_absent(key_id, made["CiphertextBlob"])
            found = self._cache.get(key_id, now)
        if found is None:
            raise LookupError(key_id)
        return found

    def _before(self, now: datetime) -> DataKey:
        """Return the key of the month before, from the cache. Raises Unavailable."""
        key_id = f"{now.replace(day=1) - timedelta(days=1):%Y%m}"
        found = self._cache.get(key_id, now) if self._cache.holds(key_id) else None
        if found is None:
            raise Unavailable
        return found

    def by_id(self, key_id: str) -> DataKey:
        """Return the key with this id. Raises LookupError, Unavailable."""
        found = self._cache.get(key_id, self._clock.now())
        if found is None:
            raise LookupError(key_id)
        return found

    def _unwrap(self, key_id: str) -> DataKey | None:
        wrapped = self._wrapped.get(key_id)
        if wrapped is None:
            return None
        with translate_errors():
            answer = client("kms").decrypt(
                KeyId=self._kms_key, CiphertextBlob=wrapped, EncryptionContext=_context(key_id)
            )
        return DataKey(key_id, answer["Plaintext"])


def _context(key_id: str) -> dict[str, str]:
    return {"venuecode": f"data-key/{key_id}"}
