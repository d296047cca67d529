"""The container of collaborators and use cases. The only module that names concrete adapters.

Each collaborator is built, and its module imported, on first use, so that a Lambda function pays
only for what it uses. Tests install a container of their own; they do not patch.
"""

import functools
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.core.clock import Clock, SystemClock
from chalicelib.core.crypto import (
    BlindIndex,
    DataKeys,
    KeyRing,
    SecretSource,
    Tokens,
    Vault,
)
from chalicelib.core.ids import Ids, RandomIds
from chalicelib.core.settings import Settings

_MESSAGES = 10
"""The batch size of the lookup queue's mapping in ``infra/resources.yaml``."""
_PROVIDERS = 5
"""The most providers that one message asks: a verifier, three kinds that are shown, a further one.

Another one would wait for a free thread.
"""

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from chalicelib.admission.accesses import (
        Accesses,
        AccessLog,
        GuardianAccesses,
        StaffAccesses,
    )
    from chalicelib.admission.declaration_delivery import DeclarationDelivery
    from chalicelib.admission.declaration_form import DeclarationForms
    from chalicelib.admission.declarations import Declarations
    from chalicelib.admission.kiosks import CardPrinting, Cards, KioskCards
    from chalicelib.admission.late_scans import LateScans
    from chalicelib.admission.live_passes import LivePasses
    from chalicelib.admission.lookup_requests import LookupQueue, LookupRequests, Outbox
    from chalicelib.admission.lookups import Lookups
    from chalicelib.admission.manual_checks import ManualChecks
    from chalicelib.admission.policy import Policies
    from chalicelib.admission.prefetching import Prefetches, Prefetching
    from chalicelib.admission.recording import Recorder
    from chalicelib.admission.scan import ScanFinder, Scans
    from chalicelib.admission.scanning import Scanning
    from chalicelib.admission.staff_phones import StaffPhones, StaffPhoneStore
    from chalicelib.admission.temperatures import Temperatures
    from chalicelib.admission.travel_card import TravelCardEntry, TravelCards
    from chalicelib.admission.visits import VisitHistory, Visits
    from chalicelib.admission.waiting import WaitingScans
    from chalicelib.core.downloads import Downloads
    from chalicelib.core.render_jobs import RenderQueue
    from chalicelib.core.storage import Storage
    from chalicelib.core.table import Table
    from chalicelib.identity.accounts import Accounts
    from chalicelib.identity.card_identities import CardIdentities
    from chalicelib.identity.card_rendering import CardContents, CardRenderer, CardRendering
    from chalicelib.identity.checks import Checks, CheckService, IdentityChecks
    from chalicelib.identity.consents import ConsentCodes, Consents
    from chalicelib.identity.dependants import DependantAdding, Dependants
    from chalicelib.identity.devices import DeviceCredentials, Devices
    from chalicelib.identity.family import FamilyLinks
    from chalicelib.identity.guardianship import Guardianship
    from chalicelib.identity.households import Households
    from chalicelib.identity.logins import PhoneLogin, PhoneProofs, PlatformLogin
    from chalicelib.identity.masking import MaskedPeople
    from chalicelib.identity.notices import Notices
    from chalicelib.identity.one_time_codes import OneTimeCodes, SmsGateway
    from chalicelib.identity.paper_passes import IssuedPasses, PaperPasses
    from chalicelib.identity.people import Codes, Limits, People
    from chalicelib.identity.personal_records import PersonalRecords
    from chalicelib.identity.phone_changes import PhoneChanges
    from chalicelib.identity.platforms import Platform, PlatformName
    from chalicelib.identity.providers import HealthDeclarations, Provider, ProviderName
    from chalicelib.identity.registration import Registrations
    from chalicelib.identity.sessions import Sessions
    from chalicelib.identity.succession import Succession, Successions
    from chalicelib.insight.abnormal import AbnormalPointers, AbnormalScans, Pointers
    from chalicelib.insight.counters import Counters, Counting
    from chalicelib.insight.deep_status import DeepStatus
    from chalicelib.insight.erasures import (
        AnonymousVisits,
        Erasing,
        ErasureRequests,
        Erasures,
        HandOvers,
    )
    from chalicelib.insight.exports import (
        Exporting,
        ExportRequests,
        Exports,
        PersonalData,
    )
    from chalicelib.insight.reconciliation import Reconciliation, Reconciliations, Reconciling
    from chalicelib.insight.statistics import VenueStatistics
    from chalicelib.venues.channels import RegionOptions
    from chalicelib.venues.issuance import Issuance
    from chalicelib.venues.landing import Landing
    from chalicelib.venues.posters import (
        PosterContents,
        PosterRendering,
        PosterRequests,
        Renderer,
    )
    from chalicelib.venues.staffing import Bindings, Staff, Staffing
    from chalicelib.venues.venue import Directory, Posters, Venues


class Container:
    """The collaborators and use cases of a running deployment.

    A test replaces a collaborator by assigning to its name before its first use.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> Clock:
        """The clock."""
        return SystemClock()

    @cached_property
    def ids(self) -> Ids:
        """Random identifiers."""
        return RandomIds()

    @cached_property
    def table(self) -> "Table":
        """The one table."""
        from chalicelib.core.indexed_table import IndexedTable
        from chalicelib.core.table import Table

        if not self.settings.index_secret:  # of a function that uses no key with a blind index
            return Table(self.settings.table)
        return IndexedTable(self.settings.table, self.index)

    @cached_property
    def key_source(self) -> SecretSource:
        """The secret with the roots that sign."""
        return self._secret(self.settings.keys_secret)

    @cached_property
    def index_source(self) -> SecretSource:
        """The secret with the roots of the blind indexes."""
        return self._secret(self.settings.index_secret)

    @cached_property
    def partner_secrets(self) -> SecretSource:
        """The secret that holds the credentials of each partner."""
        return self._secret(self.settings.partners_secret)

    def _secret(self, name: str) -> SecretSource:
        from chalicelib.adapters.keys import SecretsManager

        return SecretsManager(name, self.clock)

    @cached_property
    def data_keys(self) -> DataKeys:
        """The data keys of personal fields."""
        from chalicelib.adapters.keys import KmsDataKeys
        from chalicelib.identity.store.wrapped_keys import WrappedKeyStore

        return KmsDataKeys(self.settings.kms_key, WrappedKeyStore(self.table), self.clock)

    @cached_property
    def ring(self) -> KeyRing:
        """The keys that sign, by purpose and id."""
        return KeyRing(self.key_source)

    @cached_property
    def tokens(self) -> Tokens:
        """Issues and verifies signed tokens."""
        return Tokens(self.ring)

    @cached_property
    def index(self) -> BlindIndex:
        """The blind indexes of secret values."""
        return BlindIndex(KeyRing(self.index_source))

    @cached_property
    def vault(self) -> Vault:
        """Seals personal fields."""
        return Vault(self.data_keys)

    @cached_property
    def people(self) -> "People":
        """The store of people, with their sessions, snapshots and rights."""
        from chalicelib.identity.store.people import PeopleStore

        return PeopleStore(self.table)

    @cached_property
    def codes(self) -> "Codes":
        """The store of one-time codes."""
        from chalicelib.identity.store.codes import CodeStore

        return CodeStore(self.table)

    @cached_property
    def limits(self) -> "Limits":
        """The store of rate limits."""
        from chalicelib.identity.store.limits import LimitStore

        return LimitStore(self.table)

    @cached_property
    def sms(self) -> "SmsGateway":
        """The SMS gateway."""
        from chalicelib.adapters.partners import Partner
        from chalicelib.adapters.platforms.sms import HttpSmsGateway

        partner = Partner(self.settings.sms_url, "sms", self.partner_secrets, self.clock.now)
        return HttpSmsGateway(partner)

    @cached_property
    def platform(self) -> "Callable[[PlatformName], Platform]":
        """The mini-program platforms, by name."""
        from chalicelib.identity.platforms import PlatformName

        @functools.cache
        def make(name: "PlatformName") -> "Platform":
            if name is PlatformName.WECHAT:
                from chalicelib.adapters.platforms.wechat import WeChat

                return WeChat(self.settings.wechat_url, self.partner_secrets, self.clock.now)
            from chalicelib.adapters.platforms.alipay import Alipay

            return Alipay(self.settings.alipay_url, self.partner_secrets, self.clock.now)

        return make

    @cached_property
    def provider(self) -> "Callable[[ProviderName], Provider]":
        """The providers, by name."""
        from chalicelib.adapters.partners import Partner
        from chalicelib.adapters.providers.breaker import GuardedProvider
        from chalicelib.adapters.providers.http import HttpProvider

        @functools.cache
        def make(name: "ProviderName") -> "Provider":
            url = self.settings.providers_url
            partner = Partner(url, name, self.partner_secrets, self.clock.now)
            return GuardedProvider(HttpProvider(name, partner), self.clock)

        return make

    @cached_property
    def travel_cards(self) -> "TravelCards":
        """The carriers' travel card service."""
        from chalicelib.adapters.partners import Partner
        from chalicelib.adapters.providers.travel_card import HttpTravelCards

        url = self.settings.providers_url
        return HttpTravelCards(Partner(url, "travel_card", self.partner_secrets, self.clock.now))

    @cached_property
    def venues(self) -> "Venues":
        """The store of venues and their codes."""
        from chalicelib.venues.store.venues import VenueStore

        return VenueStore(self.table)

    @cached_property
    def directory(self) -> "Directory":
        """Venues and codes, cached in the process."""
        from chalicelib.venues.store.venues import CachedDirectory

        return CachedDirectory(self.venues)

    @cached_property
    def posters(self) -> "Posters":
        """The store of poster requests."""
        from chalicelib.venues.store.posters import PosterStore

        return PosterStore(self.table)

    @cached_property
    def storage(self) -> "Storage":
        """The storage of rendered files."""
        from chalicelib.adapters.storage import S3Storage

        own = self.downloads.link if self.settings.files_url else None
        return S3Storage(self.settings.bucket, own)

    @cached_property
    def downloads(self) -> "Downloads":
        """Links to files under the deployment's own host."""
        from chalicelib.adapters.storage import S3Storage
        from chalicelib.core.downloads import Downloads

        return Downloads(
            files=S3Storage(self.settings.bucket),
            tokens=self.tokens,
            clock=self.clock,
            url=self.settings.files_url,
        )

    @cached_property
    def renderer(self) -> "Renderer":
        """The poster renderer."""
        from chalicelib.adapters.renderer import TypstRenderer

        return TypstRenderer(Path(self.settings.fonts))

    @cached_property
    def render_queue(self) -> "RenderQueue":
        """The queue of the render worker."""
        from chalicelib.adapters.queues import SqsRenderQueue

        return SqsRenderQueue(self.settings.renders_url)

    @cached_property
    def lookup_queue(self) -> "LookupQueue":
        """The queue of the lookup worker."""
        from chalicelib.adapters.queues import SqsLookupQueue

        return SqsLookupQueue(self.settings.lookups_url, self.settings.settles_url)

    @cached_property
    def sessions(self) -> "Sessions":
        """Begins, refreshes and ends sessions; authenticates requests."""
        from chalicelib.identity.sessions import Sessions

        return Sessions(people=self.people, tokens=self.tokens, ids=self.ids)

    @cached_property
    def one_time_codes(self) -> "OneTimeCodes":
        """Sends and verifies one-time codes."""
        from chalicelib.identity.one_time_codes import OneTimeCodes

        return OneTimeCodes(
            codes=self.codes,
            limits=self.limits,
            index=self.index,
            ids=self.ids,
            sms=self.sms,
            countries=self.settings.sms_countries,
            a_day=self.settings.sms_a_day,
        )

    @cached_property
    def accounts(self) -> "Accounts":
        """Assigns phones and platform accounts to people."""
        from chalicelib.identity.accounts import Accounts

        return Accounts(
            people=self.people,
            sessions=self.sessions,
            index=self.index,
            ids=self.ids,
            vault=self.vault,
            absence=timedelta(days=self.settings.absence_days),
        )

    @cached_property
    def phone_login(self) -> "PhoneLogin":
        """Login by a one-time code."""
        from chalicelib.identity.logins import PhoneLogin

        return PhoneLogin(
            codes=self.one_time_codes,
            accounts=self.accounts,
            changes=self.phone_changes,
            sessions=self.sessions,
            invitations=self.staffing,
        )

    @cached_property
    def phone_changes(self) -> "PhoneChanges":
        """Confirms and replaces phones."""
        from chalicelib.identity.phone_changes import PhoneChanges

        return PhoneChanges(
            accounts=self.accounts,
            codes=self.one_time_codes,
            sessions=self.sessions,
            sms=self.sms,
            limits=self.limits,
            vault=self.vault,
        )

    @cached_property
    def phone_proofs(self) -> "PhoneProofs":
        """The store of phone proofs that carry no time."""
        from chalicelib.identity.store.phone_proofs import PhoneProofStore

        return PhoneProofStore(self.table)

    @cached_property
    def platform_login(self) -> "PlatformLogin":
        """Login from a mini-program."""
        from chalicelib.identity.logins import PlatformLogin

        return PlatformLogin(
            platform=self.platform,
            accounts=self.accounts,
            changes=self.phone_changes,
            sessions=self.sessions,
            invitations=self.staffing,
            limits=self.limits,
            index=self.index,
            proofs=self.phone_proofs,
        )

    @cached_property
    def registrations(self) -> "Registrations":
        """Real-name registration."""
        from chalicelib.identity.registration import Registrations

        return Registrations(
            people=self.people, limits=self.limits, index=self.index, vault=self.vault
        )

    @cached_property
    def check_service(self) -> "CheckService":
        """The service for identity checks."""
        from chalicelib.adapters.identity_checks import HttpCheckService
        from chalicelib.adapters.partners import Partner
        from chalicelib.identity.checks import PARTNER

        url = self.settings.checks_url
        return HttpCheckService(Partner(url, PARTNER, self.partner_secrets, self.clock.now))

    @cached_property
    def checks(self) -> "Checks":
        """The store of identity checks."""
        from chalicelib.identity.store.checks import IdentityCheckStore

        return IdentityCheckStore(self.table)

    @cached_property
    def identity_checks(self) -> "IdentityChecks":
        """Checks of faces and payment passwords."""
        from chalicelib.identity.checks import IdentityChecks

        return IdentityChecks(
            checks=self.checks,
            service=self.check_service,
            secrets=self.partner_secrets,
            index=self.index,
            limits=self.limits,
            vault=self.vault,
        )

    @cached_property
    def households(self) -> "Households":
        """The register of households."""
        from chalicelib.adapters.households import HttpHouseholds
        from chalicelib.adapters.partners import Partner

        url = self.settings.households_url
        return HttpHouseholds(Partner(url, "household", self.partner_secrets, self.clock.now))

    @cached_property
    def devices(self) -> "Devices":
        """The store of paired devices."""
        from chalicelib.identity.store.devices import DeviceStore

        return DeviceStore(self.table)

    @cached_property
    def device_credentials(self) -> "DeviceCredentials":
        """Adds, pairs, authenticates and revokes devices."""
        from chalicelib.identity.devices import DeviceCredentials

        return DeviceCredentials(
            devices=self.devices, limits=self.limits, index=self.index, ids=self.ids
        )

    @cached_property
    def issued_passes(self) -> "IssuedPasses":
        """The store of paper passes."""
        from chalicelib.identity.store.paper_passes import PaperPassStore

        return PaperPassStore(self.table)

    @cached_property
    def paper_passes(self) -> "PaperPasses":
        """Issues, shows and revokes paper passes."""
        from chalicelib.identity.paper_passes import PaperPasses

        return PaperPasses(
            issued=self.issued_passes,
            people=self.people,
            limits=self.limits,
            ids=self.ids,
            storage=self.storage,
        )

    @cached_property
    def consents(self) -> "Consents":
        """The store of consent codes."""
        from chalicelib.identity.store.consents import ConsentStore

        return ConsentStore(self.table)

    @cached_property
    def consent_codes(self) -> "ConsentCodes":
        """Codes with which a dependant agrees to a guardian."""
        from chalicelib.identity.consents import ConsentCodes

        return ConsentCodes(consents=self.consents, index=self.index, limits=self.limits)

    @cached_property
    def dependant_adding(self) -> "DependantAdding":
        """Adds dependants."""
        from chalicelib.identity.dependants import DependantAdding, Proofs

        return DependantAdding(
            people=self.people,
            links=self.family_links,
            proofs=Proofs(
                checks=self.identity_checks, households=self.households, vault=self.vault
            ),
            consents=self.consent_codes,
            limits=self.limits,
            index=self.index,
            vault=self.vault,
        )

    @cached_property
    def dependants(self) -> "Dependants":
        """Lists and ends family links."""
        from chalicelib.identity.dependants import Dependants

        return Dependants(
            people=self.people,
            links=self.family_links,
            issued=self.issued_passes,
            vault=self.vault,
        )

    @cached_property
    def successions(self) -> "Successions":
        """The store of successions to managed records."""
        from chalicelib.identity.store.succession import SuccessionStore

        return SuccessionStore(self.table)

    @cached_property
    def succession(self) -> "Succession":
        """Takes over managed records."""
        from chalicelib.identity.succession import Succession

        return Succession(
            people=self.people,
            successions=self.successions,
            sessions=self.sessions,
            checks=self.identity_checks,
            issued=self.issued_passes,
            limits=self.limits,
            index=self.index,
            vault=self.vault,
        )

    @cached_property
    def card_renderer(self) -> "CardRenderer":
        """The renderer of paper passes."""
        from chalicelib.adapters.renderer import TypstRenderer

        return TypstRenderer(Path(self.settings.fonts))

    @cached_property
    def card_contents(self) -> "CardContents":
        """Makes what is printed on paper passes."""
        from chalicelib.identity.card_rendering import CardContents

        return CardContents(
            vault=self.vault,
            ring=self.ring,
            issuer=self.settings.issuer,
            demo=self.settings.demo,
        )

    @cached_property
    def card_rendering(self) -> "CardRendering":
        """Draws and deletes the files of paper passes."""
        from chalicelib.identity.card_rendering import CardRendering

        return CardRendering(
            people=self.people,
            issued=self.issued_passes,
            storage=self.storage,
            renderer=self.card_renderer,
            contents=self.card_contents,
            clock=self.clock,
        )

    @cached_property
    def card_identities(self) -> "CardIdentities":
        """People without a login, known by a document that was read."""
        from chalicelib.identity.card_identities import CardIdentities

        return CardIdentities(people=self.people, index=self.index, vault=self.vault, ids=self.ids)

    @cached_property
    def family_links(self) -> "FamilyLinks":
        """The store of family links."""
        from chalicelib.identity.store.family_links import FamilyStore

        return FamilyStore(self.table)

    @cached_property
    def guardianship(self) -> "Guardianship":
        """Acting for dependants."""
        from chalicelib.identity.guardianship import Guardianship

        return Guardianship(people=self.people, readings=self.guardian_accesses)

    @cached_property
    def masked_people(self) -> "MaskedPeople":
        """People as others may see them."""
        from chalicelib.identity.masking import MaskedPeople

        return MaskedPeople(vault=self.vault)

    @cached_property
    def issuance(self) -> "Issuance":
        """Issues codes to venues."""
        from chalicelib.venues.issuance import Issuance

        return Issuance(
            venues=self.venues,
            people=self.people,
            index=self.index,
            vault=self.vault,
            ids=self.ids,
            code_host=self.settings.code_host,
        )

    @cached_property
    def bindings(self) -> "Bindings":
        """Join codes, and the venues where a person works."""
        from chalicelib.venues.staffing import Bindings

        return Bindings(
            staff=self.staff,
            venues=self.venues,
            people=self.people,
            limits=self.limits,
        )

    @cached_property
    def staffing(self) -> "Staffing":
        """Adds, lists and removes staff, and hands venues over."""
        from chalicelib.venues.staffing import Staffing

        return Staffing(
            people=self.people,
            venues=self.venues,
            staff=self.staff,
            limits=self.limits,
            index=self.index,
            vault=self.vault,
        )

    @cached_property
    def landing(self) -> "Landing":
        """The page behind a printed code."""
        from chalicelib.venues.landing import Landing, verification_files

        return Landing(
            directory=self.directory,
            options=self.region_options,
            files=verification_files(self.settings.code_files),
            demo=self.settings.demo,
        )

    @cached_property
    def region_options(self) -> "RegionOptions":
        """How visitors of a region check in."""
        from chalicelib.admission.check_in_options import PolicyOptions
        from chalicelib.venues.channels import Channel, ChannelKind

        connected = {
            ChannelKind.WECHAT: self.settings.wechat_url,
            ChannelKind.ALIPAY: self.settings.alipay_url,
        }
        default = tuple(Channel(kind) for kind, url in connected.items() if url)
        return PolicyOptions(policies=self.policies, default=default)

    @cached_property
    def poster_contents(self) -> "PosterContents":
        """Makes what is printed on posters."""
        from chalicelib.venues.posters import PosterContents

        return PosterContents(
            options=self.region_options,
            code_host=self.settings.code_host,
            demo=self.settings.demo,
        )

    @cached_property
    def venue_statistics(self) -> "VenueStatistics":
        """Statistics of a venue's day."""
        from chalicelib.insight.statistics import VenueStatistics

        return VenueStatistics(counters=self.counters)

    @cached_property
    def poster_requests(self) -> "PosterRequests":
        """Accepts and shows poster requests."""
        from chalicelib.venues.posters import PosterRequests

        return PosterRequests(
            posters=self.posters,
            storage=self.storage,
            contents=self.poster_contents,
            issuance=self.issuance,
            bindings=self.bindings,
        )

    @cached_property
    def poster_rendering(self) -> "PosterRendering":
        """Renders requested posters."""
        from chalicelib.venues.posters import PosterRendering

        return PosterRendering(
            venues=self.venues,
            posters=self.posters,
            storage=self.storage,
            renderer=self.renderer,
            contents=self.poster_contents,
            clock=self.clock,
        )

    @cached_property
    def policies(self) -> "Policies":
        """The store of regional policies."""
        from chalicelib.admission.store.policies import PolicyStore

        return PolicyStore(self.table)

    @cached_property
    def scans(self) -> "Scans":
        """The store of scans."""
        from chalicelib.admission.store.scans import ScanStore

        return ScanStore(self.table)

    @cached_property
    def accesses(self) -> "Accesses":
        """The store of accesses to personal data."""
        from chalicelib.admission.store.accesses import AccessStore

        return AccessStore(self.table)

    @cached_property
    def staff(self) -> "Staff":
        """The store of staff, join codes and invitations."""
        from chalicelib.venues.store.staff import StaffStore

        return StaffStore(self.table)

    @cached_property
    def pointers(self) -> "Pointers":
        """The store of pointers to abnormal scans."""
        from chalicelib.insight.store.pointers import PointerStore

        return PointerStore(self.table)

    @cached_property
    def prefetches(self) -> "Prefetches":
        """The store of prefetch requests."""
        from chalicelib.admission.store.prefetches import PrefetchStore

        return PrefetchStore(self.table)

    @cached_property
    def counters(self) -> "Counters":
        """The store of daily figures."""
        from chalicelib.insight.store.counters import CounterStore

        return CounterStore(self.table)

    @cached_property
    def scan_finder(self) -> "ScanFinder":
        """Finds scans by their ids."""
        from chalicelib.admission.scan import ScanFinder

        return ScanFinder(directory=self.directory, scans=self.scans)

    @cached_property
    def recorder(self) -> "Recorder":
        """Builds and records scans."""
        from chalicelib.admission.recording import Recorder

        return Recorder(scans=self.scans, policies=self.policies)

    @cached_property
    def scanning(self) -> "Scanning":
        """Check-in by venue code and by pass."""
        from chalicelib.admission.scanning import Scanning

        return Scanning(
            people=self.people,
            directory=self.directory,
            policies=self.policies,
            recorder=self.recorder,
            waiting=self.waiting_scans,
            ring=self.ring,
            guardianship=self.guardianship,
            staff_accesses=self.staff_accesses,
        )

    @cached_property
    def staff_phone_store(self) -> "StaffPhoneStore":
        """The store of the paired phones of staff."""
        from chalicelib.admission.store.staff_phones import StaffPhoneItems

        return StaffPhoneItems(self.table)

    @cached_property
    def staff_phones(self) -> "StaffPhones":
        """The paired phones of staff."""
        from chalicelib.admission.staff_phones import StaffPhones

        return StaffPhones(phones=self.staff_phone_store, ring=self.ring)

    @cached_property
    def late_scans(self) -> "LateScans":
        """Records what paired phones upload late."""
        from chalicelib.admission.late_scans import LateScans

        return LateScans(
            phones=self.staff_phones, scanning=self.scanning, issued=self.issued_passes
        )

    @cached_property
    def temperatures(self) -> "Temperatures":
        """Adds temperatures to scans of passes."""
        from chalicelib.admission.temperatures import Temperatures

        return Temperatures(people=self.people, waiting=self.waiting_scans)

    @cached_property
    def waiting_scans(self) -> "WaitingScans":
        """Scans that wait for providers' answers."""
        from chalicelib.admission.waiting import WaitingScans

        return WaitingScans(
            people=self.people, policies=self.policies, scans=self.scans, finder=self.scan_finder
        )

    @cached_property
    def lookup_requests(self) -> "LookupRequests":
        """Enqueues lookups for the lookup worker."""
        from chalicelib.admission.lookup_requests import LookupRequests

        return LookupRequests(scans=self.scans, outbox=self.outbox)

    @cached_property
    def outbox(self) -> "Outbox":
        """The messages of a batch of stream records."""
        from chalicelib.admission.lookup_requests import Outbox

        return Outbox(queue=self.lookup_queue)

    @cached_property
    def message_pool(self) -> "Executor":
        """The threads that handle the messages of a batch side by side."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(_MESSAGES)

    @cached_property
    def request_pool(self) -> "Executor":
        """The threads that wait for providers: one for each provider of each message."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(_MESSAGES * _PROVIDERS)

    @cached_property
    def lookups(self) -> "Lookups":
        """The use cases of the lookup worker."""
        from chalicelib.admission.asking import Asking
        from chalicelib.admission.lookups import Lookups

        return Lookups(
            people=self.people,
            asking=Asking(providers=self.provider, pool=self.request_pool),
            vault=self.vault,
            queue=self.lookup_queue,
            waiting=self.waiting_scans,
            declarations=self.declaration_delivery,
            invitations=self.staffing,
            clock=self.clock,
        )

    @cached_property
    def health_declarations(self) -> "HealthDeclarations":
        """The health code provider's intake of declarations."""
        from chalicelib.adapters.partners import Partner
        from chalicelib.adapters.providers.declarations import HttpHealthDeclarations

        url = self.settings.providers_url
        return HttpHealthDeclarations(
            Partner(url, "health_code", self.partner_secrets, self.clock.now)
        )

    @cached_property
    def personal_records(self) -> "PersonalRecords":
        """The store of what people have on file."""
        from chalicelib.identity.store.personal_records import PersonalRecordStore

        return PersonalRecordStore(self.table)

    @cached_property
    def declaration_forms(self) -> "DeclarationForms":
        """The versions of the form of declarations."""
        from chalicelib.admission.declaration_form import VERSIONS, DeclarationForms

        return DeclarationForms(forms=VERSIONS)

    @cached_property
    def declarations(self) -> "Declarations":
        """Takes and shows health declarations and arrivals."""
        from chalicelib.admission.declarations import Declarations

        return Declarations(
            records=self.personal_records,
            people=self.people,
            forms=self.declaration_forms,
            limits=self.limits,
            waiting=self.waiting_scans,
            index=self.index,
            vault=self.vault,
        )

    @cached_property
    def declaration_delivery(self) -> "DeclarationDelivery":
        """Delivers declarations to the health code provider."""
        from chalicelib.admission.declaration_delivery import DeclarationDelivery

        return DeclarationDelivery(
            people=self.people,
            records=self.personal_records,
            receiver=self.health_declarations,
            vault=self.vault,
        )

    @cached_property
    def notices(self) -> "Notices":
        """Issues and shows notices that medical observation has ended."""
        from chalicelib.identity.notices import Notices

        return Notices(
            records=self.personal_records, people=self.people, index=self.index, vault=self.vault
        )

    @cached_property
    def visits(self) -> "Visits":
        """The store of people's visits."""
        from chalicelib.admission.store.visits import VisitStore

        return VisitStore(self.table)

    @cached_property
    def visit_history(self) -> "VisitHistory":
        """Shows people's visits and temperatures."""
        from chalicelib.admission.visits import VisitHistory

        return VisitHistory(visits=self.visits, people=self.people, directory=self.directory)

    @cached_property
    def prefetching(self) -> "Prefetching":
        """Requests providers' answers about the actor in advance."""
        from chalicelib.admission.prefetching import Prefetching

        return Prefetching(policies=self.policies, prefetches=self.prefetches)

    @cached_property
    def live_passes(self) -> "LivePasses":
        """The actor's own pass."""
        from chalicelib.admission.live_passes import LivePasses

        return LivePasses(
            policies=self.policies,
            prefetching=self.prefetching,
            ring=self.ring,
            people=self.people,
        )

    @cached_property
    def travel_card_entry(self) -> "TravelCardEntry":
        """Requests a travel card by a code."""
        from chalicelib.admission.travel_card import TravelCardEntry

        return TravelCardEntry(
            cards=self.travel_cards,
            ids=self.ids,
            index=self.index,
            limits=self.limits,
            vault=self.vault,
            people=self.people,
            waiting=self.waiting_scans,
        )

    @cached_property
    def manual_checks(self) -> "ManualChecks":
        """Manual checks by name and document number."""
        from chalicelib.admission.manual_checks import ManualChecks
        from chalicelib.admission.shadows import Subjects

        return ManualChecks(
            subjects=Subjects(index=self.index, vault=self.vault, people=self.people),
            people=self.people,
            limits=self.limits,
            accesses=self.accesses,
            policies=self.policies,
            recorder=self.recorder,
            waiting=self.waiting_scans,
        )

    @cached_property
    def cards(self) -> "Cards":
        """The store of the cards of kiosks."""
        from chalicelib.admission.store.kiosk_cards import CardStore

        return CardStore(self.table)

    @cached_property
    def card_printing(self) -> "CardPrinting":
        """Has the passes of verified people drawn for their cards."""
        from chalicelib.admission.kiosks import CardPrinting

        return CardPrinting(cards=self.cards, passes=self.paper_passes, people=self.people)

    @cached_property
    def kiosk_cards(self) -> "KioskCards":
        """The cards that a kiosk asks for."""
        from chalicelib.admission.kiosks import KioskCards

        return KioskCards(
            printing=self.card_printing,
            identities=self.card_identities,
            cards=self.cards,
            people=self.people,
            limits=self.limits,
            accesses=self.accesses,
            index=self.index,
        )

    @cached_property
    def access_log(self) -> "AccessLog":
        """The log of accesses to personal data."""
        from chalicelib.admission.accesses import AccessLog

        return AccessLog(accesses=self.accesses, directory=self.directory, vault=self.vault)

    @cached_property
    def staff_accesses(self) -> "StaffAccesses":
        """Records what staff read of visitors' data."""
        from chalicelib.admission.accesses import StaffAccesses

        return StaffAccesses(accesses=self.accesses)

    @cached_property
    def guardian_accesses(self) -> "GuardianAccesses":
        """Records what guardians read of their dependants' data."""
        from chalicelib.admission.accesses import GuardianAccesses

        return GuardianAccesses(accesses=self.accesses, vault=self.vault)

    @cached_property
    def abnormal_pointers(self) -> "AbnormalPointers":
        """Maintains the pointers to abnormal scans."""
        from chalicelib.insight.abnormal import AbnormalPointers

        return AbnormalPointers(pointers=self.pointers)

    @cached_property
    def abnormal_scans(self) -> "AbnormalScans":
        """The list of abnormal scans."""
        from chalicelib.insight.abnormal import AbnormalScans

        return AbnormalScans(
            pointers=self.pointers,
            scans=self.scans,
            people=self.people,
            accesses=self.staff_accesses,
        )

    @cached_property
    def counting(self) -> "Counting":
        """Counts scans into the day's figures."""
        from chalicelib.insight.counters import Counting

        return Counting(counters=self.counters)

    @cached_property
    def reconciliations(self) -> "Reconciliations":
        """The store of fences and of the progress of reconciliation."""
        from chalicelib.insight.store.reconciliations import ReconciliationStore

        return ReconciliationStore(self.table)

    @cached_property
    def reconciliation(self) -> "Reconciliation":
        """Compares partitions with their records, and repairs them."""
        from chalicelib.insight.reconciliation import Reconciliation

        return Reconciliation(
            counters=self.counters,
            scans=self.scans,
            reconciliations=self.reconciliations,
            ids=self.ids,
        )

    @cached_property
    def reconciling(self) -> "Reconciling":
        """The scheduled comparison of all venues' days."""
        from chalicelib.insight.reconciliation import Reconciling

        return Reconciling(
            reconciliation=self.reconciliation,
            reconciliations=self.reconciliations,
            venues=self.venues,
        )

    @cached_property
    def deep_status(self) -> "DeepStatus":
        """Checks what the API leans on."""
        from chalicelib.adapters.keys import KmsDataKeys
        from chalicelib.adapters.partners import probe
        from chalicelib.adapters.storage import S3Storage
        from chalicelib.identity.store.wrapped_keys import WrappedKeyStore
        from chalicelib.insight.deep_status import DeepStatus, Probe

        settings, clock, wrapped = self.settings, self.clock, WrappedKeyStore(self.table)
        # Afresh: what this process has cached says nothing.
        probes: dict[str, Probe] = {
            "keys_secret": lambda: self._secret(settings.keys_secret).read(),
            "index_secret": lambda: self._secret(settings.index_secret).read(),
            "partners_secret": lambda: self._secret(settings.partners_secret).read(),
            "data_key": lambda: KmsDataKeys(settings.kms_key, wrapped, clock).current(clock.now()),
            "bucket": lambda: S3Storage(settings.bucket).probe(),
        }
        partners = {
            "providers": settings.providers_url,
            "sms": settings.sms_url,
            "identity_checks": settings.checks_url,
            "households": settings.households_url,
            "wechat": settings.wechat_url,
            "alipay": settings.alipay_url,
        }
        for name, url in partners.items():
            if url:
                probes[name] = functools.partial(probe, url)
        return DeepStatus(tokens=self.tokens, limits=self.limits, probes=probes)

    @cached_property
    def erasures(self) -> "Erasures":
        """The store of erasures."""
        from chalicelib.insight.store.erasures import ErasureStore

        return ErasureStore(self.table)

    @cached_property
    def exports(self) -> "Exports":
        """The store of exports."""
        from chalicelib.insight.store.exports import ExportStore

        return ExportStore(self.table)

    @cached_property
    def export_requests(self) -> "ExportRequests":
        """Requests of exports."""
        from chalicelib.insight.exports import ExportRequests

        return ExportRequests(exports=self.exports, storage=self.storage)

    @cached_property
    def personal_data(self) -> "PersonalData":
        """Reads all data of a person."""
        from chalicelib.insight.exports import PersonalData

        return PersonalData(
            exports=self.exports,
            people=self.people,
            visits=self.visits,
            accesses=self.accesses,
            directory=self.directory,
            vault=self.vault,
        )

    @cached_property
    def exporting(self) -> "Exporting":
        """Writes exports."""
        from chalicelib.insight.exports import Exporting

        return Exporting(exports=self.exports, data=self.personal_data, storage=self.storage)

    @cached_property
    def hand_overs(self) -> "HandOvers":
        """The venues that a person must hand over before an erasure."""
        from chalicelib.insight.erasures import HandOvers

        return HandOvers(venues=self.venues, staff=self.staff)

    @cached_property
    def erasure_requests(self) -> "ErasureRequests":
        """Requests, cancellations and receipts of erasures."""
        from chalicelib.insight.erasures import ErasureRequests

        return ErasureRequests(erasures=self.erasures, hand_overs=self.hand_overs, ids=self.ids)

    @cached_property
    def anonymous_visits(self) -> "AnonymousVisits":
        """Removes people from their scans."""
        from chalicelib.insight.erasures import AnonymousVisits

        return AnonymousVisits(
            scans=self.scans,
            directory=self.directory,
            erasures=self.erasures,
            waiting=self.waiting_scans,
        )

    @cached_property
    def erasing(self) -> "Erasing":
        """Carries out the erasures that are due."""
        from chalicelib.adapters.storage import S3Storage
        from chalicelib.insight.erasures import Erasing

        return Erasing(
            erasures=self.erasures,
            people=self.people,
            visits=self.anonymous_visits,
            files=S3Storage(self.settings.bucket),
            dependants=self.dependants,
            hand_overs=self.hand_overs,
            index=self.index,
            vault=self.vault,
        )


_current: list[Container] = []


def container() -> Container:
    """Return the process's container; the first call builds it from the environment."""
    if not _current:
        _current.append(Container(Settings.from_environment()))
    return _current[0]


def install(replacement: Container | None) -> None:
    """Replace the process's container; None removes it."""
    _current[:] = [] if replacement is None else [replacement]
