"""Every key of the one table. Nothing else builds one.

Partition key ``pk``, sort key ``sk``, one sparse index ``visits`` (``g1pk``, ``g1sk``; keys only),
TTL attribute ``ttl`` (epoch seconds). Every item carries its format's version ``v``.

| Access pattern | Request | Key |
|---|---|---|
| an actor's session, profile, snapshots, rights | 1 Query, strong | PER#per · begins HOT# |
| a subject's profile, snapshots, waiting scans | 1 Query | PER#per · between AWAIT# and HOT#~ |
| who logs in with this phone | 1 Get, strong | PHONE#blind · PHONE |
| whose is this account of WeChat or Alipay | 1 Get, strong | ACCOUNT#blind · ACCOUNT |
| a person's accounts of WeChat and Alipay | 1 Query, strong | PER#per · ACCOUNT#blind |
| who registered this document | transaction condition | IDENT#blind · IDENT |
| a one-time code being waited for | 1 Update | OTP#blind · OTP |
| how often (by what, whom, and when) | 1 Update | RATE#what#whom · window |
| a venue | 1 Get, cached 60 s | VEN#ven · VENUE |
| a printed code | 1 Get, cached 60 s | CODE#code · CODE |
| no two venues with one number, name, address | transaction condition | VENKEY#hash · VENKEY |
| other venues under this number | 1 Query | VENNUM#blind · VEN#ven |
| a venue's staff | 1 Query | VEN#ven · begins STAFF# |
| the venue behind a join code | 1 Get | JOIN#code · JOIN |
| a venue's current join code | 1 Get | VEN#ven · JOIN |
| the venue's code for fast check-in | 1 Get | VEN#ven · FAST |
| rights that wait for a phone to log in | 1 Query | INVITE#blind · begins VEN# |
| a poster | 1 Get | VEN#ven · POSTER#id |
| put a scan; read it by its id | 1 Put, conditional; 1 Get | VEN#ven#day#shard · ms#hash |
| a venue's day of scans | 1 Query a shard | VEN#ven#day#shard · digits |
| a person's visits | 1 Query on `visits` | g1pk PER#per · g1sk ms#venue |
| whom staff asked about by name and number | in the subject's query | PER#per · begins HOT# |
| who asked about a document's number, newest first | 1 Query | ACCESS#blind · lms#hash |
| scans that wait for an answer about a person | in the subject's query | PER#per · AWAIT#scan |
| the day's figures | 1 BatchGet over shards | VEN#ven#day#shard · COUNT |
| the day's figures of one of the staff | in the same BatchGet | VEN#ven#day#shard · COUNT#per |
| the day's abnormal scans | 1 Query a shard, 1 Get a scan | VEN#ven#day#shard · begins ABN# |
| the policy of a region | 1 BatchGet, cached 60 s | POLICY#prefix · CURRENT |
| what is to be asked about a person | 1 Put, conditional | PER#per · PREFETCH |
| wrapped data keys | 1 Get, cached 5 min | DATAKEY · id |
"""

from datetime import date
from typing import NamedTuple

VISITS_INDEX = "visits"
HOT = "HOT#"
AWAIT = "AWAIT#"
SUBJECT_FROM, SUBJECT_TO = AWAIT, "HOT#~"
ACCOUNTS, ACCOUNTS_TO = "ACCOUNT#", "ACCOUNT#~"
COUNT = "COUNT"
ABNORMAL = "ABN#"
_LAST_MS = 10**13 - 1


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


def person(person_id: str) -> str:
    """The partition of all that belongs to a person."""
    return f"PER#{person_id}"


def profile(person_id: str) -> Key:
    """The person's profile: contact, registration, verification."""
    return Key(person(person_id), "HOT#PROFILE")


def shadow(person_id: str) -> Key:
    """Somebody whom staff asked about by name and number, and who is not registered so."""
    return Key(person(person_id), "HOT#SHADOW")


def session(person_id: str, session_id: str) -> Key:
    """A login; gone with the logout."""
    return Key(person(person_id), f"HOT#SESSION#{session_id}")


def snapshot(person_id: str, provider: str) -> Key:
    """The last thing that a provider said of the person."""
    return Key(person(person_id), f"HOT#SNAP#{provider}")


def rights(person_id: str) -> Key:
    """What the person may do at venues; an attribute a venue."""
    return Key(person(person_id), "HOT#RIGHTS")


def right(person_id: str, venue_id: str) -> Key:
    """One of these rights as releases up to 0.2.0 wrote it: an item of its own."""
    return Key(person(person_id), f"HOT#RIGHT#{venue_id}")


def awaiting(person_id: str, scan_id: str) -> Key:
    """A scan of the person that waits for an answer."""
    return Key(person(person_id), f"{AWAIT}{scan_id}")


def prefetch(person_id: str) -> Key:
    """Which providers are to be asked about the person; the stream does so."""
    return Key(person(person_id), "PREFETCH")


def phone(blind: str) -> Key:
    """Who logs in with a phone number."""
    return Key(f"PHONE#{blind}", "PHONE")


def account(blind: str) -> Key:
    """Whose an account at a mini-program platform is."""
    return Key(f"ACCOUNT#{blind}", "ACCOUNT")


def account_of(person_id: str, blind: str) -> Key:
    """The same from the person's side, for who moves or erases the person."""
    return Key(person(person_id), f"{ACCOUNTS}{blind}")


def identity(blind: str) -> Key:
    """Who registered an identity document."""
    return Key(f"IDENT#{blind}", "IDENT")


def otp(blind: str) -> Key:
    """The one-time code last sent to a phone."""
    return Key(f"OTP#{blind}", "OTP")


def rate(what: str, whom: str, window: str) -> Key:
    """A counter of `what` by `whom` within a window of time."""
    return Key(f"RATE#{what}#{whom}", window)


def venue(venue_id: str) -> Key:
    """A venue as it was applied for."""
    return Key(f"VEN#{venue_id}", "VENUE")


def code(value: str) -> Key:
    """A code as printed, and what it stands for."""
    return Key(f"CODE#{value}", "CODE")


def venue_unique(digest: str) -> Key:
    """Guards that (number, name, address) is there once (JN-3)."""
    return Key(f"VENKEY#{digest}", "VENKEY")


def venue_number(blind: str, venue_id: str) -> Key:
    """A venue under its registration number; branches of one firm share it."""
    return Key(f"VENNUM#{blind}", f"VEN#{venue_id}")


def poster(venue_id: str, poster_id: str) -> Key:
    """A rendered poster, by the hash of its contents."""
    return Key(f"VEN#{venue_id}", f"POSTER#{poster_id}")


def staff(venue_id: str, person_id: str) -> Key:
    """A person of a venue's staff, as the venue lists them."""
    return Key(f"VEN#{venue_id}", f"STAFF#{person_id}")


def join(join_code: str) -> Key:
    """The venue that a join code binds to."""
    return Key(f"JOIN#{join_code}", "JOIN")


def current_join(venue_id: str) -> Key:
    """A venue's current join code."""
    return Key(f"VEN#{venue_id}", "JOIN")


def fast_code(venue_id: str) -> Key:
    """A venue's code for fast check-in (YK-23)."""
    return Key(f"VEN#{venue_id}", "FAST")


def invitation(phone_blind: str, venue_id: str) -> Key:
    """A right at a venue that waits for a phone's first verified login."""
    return Key(f"INVITE#{phone_blind}", f"VEN#{venue_id}")


def scan_partition(venue_id: str, day: date, shard: int) -> str:
    """A shard of a venue's day: a partition takes 1,000 writes a second, a station needs more."""
    return f"VEN#{venue_id}#{day.isoformat()}#{shard}"


def scan(venue_id: str, day: date, shard: int, at_ms: int, digest: str) -> Key:
    """A scan, by the venue's local day and its time (13 digits), so that a day reads in order."""
    return Key(scan_partition(venue_id, day, shard), f"{at_ms:013d}#{digest}")


def counter(venue_id: str, day: date, shard: int) -> Key:
    """The figures of one shard of a venue's day."""
    return Key(scan_partition(venue_id, day, shard), COUNT)


def staff_counter(partition: str, person_id: str) -> Key:
    """The figures of one of the staff, in one shard of a venue's day."""
    return Key(partition, f"{COUNT}#{person_id}")


def abnormal(partition: str, at_ms: int, digest: str) -> Key:
    """The pointer to an abnormal scan, beside it."""
    return Key(partition, f"{ABNORMAL}{at_ms:013d}#{digest}")


def visit(person_id: str, venue_id: str, at_ms: int) -> Key:
    """The index entry of a scan under its person (``g1pk``, ``g1sk``)."""
    return Key(person(person_id), f"{at_ms:013d}#{venue_id}")


def access_partition(blind: str) -> str:
    """The questions that were asked about a document's number."""
    return f"ACCESS#{blind}"


def access(blind: str, at_ms: int, digest: str) -> Key:
    """One of them; the time is counted down, so that the newest comes first."""
    return Key(access_partition(blind), f"{_LAST_MS - at_ms:013d}#{digest}")


def policy(prefix: str) -> Key:
    """The rules of a policy region, by prefix of its GB/T 2260 code; ``*`` is the default."""
    return Key(f"POLICY#{prefix}", "CURRENT")


def data_key(key_id: str) -> Key:
    """A data key, wrapped by KMS."""
    return Key("DATAKEY", key_id)


def is_scan(key: Key) -> bool:
    """Whether `key` is a scan's: a day's partition, and a sort key that begins with its time."""
    return key.pk.startswith("VEN#") and key.pk.count("#") == 3 and key.sk[:13].isdecimal()


def is_profile(key: Key) -> bool:
    """Whether `key` is a profile's."""
    return key.pk.startswith("PER#") and key.sk == profile("").sk


def is_prefetch(key: Key) -> bool:
    """Whether `key` is a prefetch request's."""
    return key.pk.startswith("PER#") and key.sk == prefetch("").sk


def is_poster(key: Key) -> bool:
    """Whether `key` is a poster's."""
    return key.pk.startswith("VEN#") and key.sk.startswith(poster("", "").sk)
