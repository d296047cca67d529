"""`crypto.SecretSource` and `crypto.DataKeys`: stand-ins, and Secrets Manager and KMS."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.keys import KmsDataKeys, SecretsManager
from chalicelib.core.crypto import DataKeys, KeyRing, SecretSource, Vault
from chalicelib.core.errors import Unavailable
from tests.contract import makers
from tests.contract.backends import FAKE, SERVICES, Backend, forget_clients
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys, StandingClock
from tests.fakes.stores import FakeWrappedKeys


@dataclass
class Secret:
    """A secret, the clock of its reader, and how an operator changes it."""

    source: SecretSource
    clock: StandingClock
    change: Callable[[dict[str, str]], None]


@pytest.fixture
def secret(backend: Backend) -> Iterator[Secret]:
    first = {"active": "1", "index": "1", "1": "r" * 48}
    clock = StandingClock()
    if backend.name == "fake":
        fixed = FixedSecret(**first)
        yield Secret(fixed, clock, lambda pairs: setattr(fixed, "pairs", pairs))
        return
    name, manager = f"contract/{makers.random()}", boto3.client("secretsmanager")
    manager.create_secret(Name=name, SecretString=json.dumps(first))

    def change(pairs: dict[str, str]) -> None:
        manager.put_secret_value(SecretId=name, SecretString=json.dumps(pairs))

    yield Secret(SecretsManager(name, clock), clock, change)
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


class TestSecrets:
    """A secret is what the operator put there, at most five minutes ago."""

    @pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
    def test_it_is_read(self, secret: Secret) -> None:
        assert secret.source.read() == {"active": "1", "index": "1", "1": "r" * 48}

    @pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
    def test_a_rotation_is_seen_within_five_minutes(self, secret: Secret) -> None:
        ring = KeyRing(secret.source)
        before = ring.key("token:session", "1")
        secret.change({"active": "2", "index": "1", "1": "r" * 48, "2": "s" * 48})
        secret.clock.pass_(minutes=5)
        assert (ring.active(), ring.index()) == ("2", ("1",))
        assert ring.key("token:session", "1") == before
        assert ring.key("token:session", "2") not in (None, before)

    @pytest.mark.parametrize("backend", SERVICES, indirect=True, scope="module")
    def test_it_is_asked_for_once_in_five_minutes(self, secret: Secret) -> None:
        secret.source.read()
        secret.change({"active": "9"})
        secret.clock.pass_(minutes=5, microseconds=-1)
        assert secret.source.read()["active"] == "1"
        secret.clock.pass_(microseconds=1)
        assert secret.source.read() == {"active": "9"}

    @pytest.mark.parametrize("backend", SERVICES, indirect=True, scope="module")
    def test_one_that_is_not_there_is_our_mistake(self, backend: Backend) -> None:
        with pytest.raises(ClientError, match="ResourceNotFound"):
            SecretsManager(f"{backend.name}/none", StandingClock()).read()


@dataclass
class Process:
    """One process of a deployment: its data keys and its clock."""

    keys: DataKeys
    clock: StandingClock


@pytest.fixture
def process(backend: Backend) -> Iterator[Callable[[], Process]]:
    """Processes of one deployment, which share the wrapped keys and the key of KMS."""
    if backend.name == "fake":
        local = LocalDataKeys()
        yield lambda: Process(local, StandingClock())
        return
    kms, wrapped = boto3.client("kms"), FakeWrappedKeys()
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    def start() -> Process:
        clock = StandingClock()
        return Process(KmsDataKeys(key, wrapped, clock), clock)

    yield start
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


@pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
class TestDataKeys:
    """Every process of a deployment finds the same keys."""

    def test_a_key_is_found_again(self, process: Callable[[], Process]) -> None:
        keys = process().keys
        key = keys.current(NOON)
        assert len(key.secret) == 32
        assert len(key.key_id.encode()) <= 16
        assert keys.current(NOON) == key
        assert keys.by_id(key.key_id) == key

    def test_every_process_has_the_same(self, process: Callable[[], Process]) -> None:
        first, second = process().keys, process().keys
        key = first.current(NOON)
        assert second.current(NOON) == key
        assert process().keys.by_id(key.key_id) == key

    def test_an_unknown_key_is_not_made(self, process: Callable[[], Process]) -> None:
        with pytest.raises(LookupError):
            process().keys.by_id("190001")

    def test_what_one_seals_the_other_opens(self, process: Callable[[], Process]) -> None:
        sealed = Vault(process().keys).seal("梁思齐", "per_x/name", now=NOON)
        assert Vault(process().keys).open(sealed, "per_x/name") == "梁思齐"


@pytest.mark.parametrize("backend", SERVICES, indirect=True, scope="module")
class TestKms:
    """What only the adapter promises."""

    def test_a_month_has_its_key(self, process: Callable[[], Process]) -> None:
        keys = process().keys
        last = datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)
        november, december = keys.current(last), keys.current(last + timedelta(microseconds=1))
        assert (november.key_id, december.key_id) == ("202611", "202612")
        assert november.secret != december.secret
        assert keys.by_id("202611") == november

    def test_a_key_is_kept_wrapped(self, backend: Backend) -> None:
        del backend
        wrapped = FakeWrappedKeys()
        master = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        key = KmsDataKeys(master, wrapped, StandingClock()).current(NOON)
        kept = wrapped.get(key.key_id)
        assert kept
        assert key.secret not in kept
        # Wrapped for one month, it does not open for another.
        wrapped.put_if_absent("202612", kept)
        with pytest.raises(ClientError, match="InvalidCiphertext"):
            KmsDataKeys(master, wrapped, StandingClock()).by_id("202612")

    def test_one_that_kms_cannot_open_is_forgotten_in_twelve_hours(
        self, process: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = process()
        key = one.keys.current(NOON)
        # Nobody listens on port 1: KMS is out of reach from here on.
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
        forget_clients()
        try:
            one.clock.pass_(hours=12, microseconds=-1)
            assert one.keys.by_id(key.key_id) == key
            one.clock.pass_(microseconds=1)
            with pytest.raises(Unavailable):
                one.keys.by_id(key.key_id)
        finally:
            forget_clients()
