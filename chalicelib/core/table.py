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
| a poster | 1 Get | VEN#ven · POSTER#id |
| put a scan; read it by its id | 1 Put, conditional; 1 Get | VEN#ven#day#shard · ms#hash |
| a venue's day of scans | 1 Query a shard | VEN#ven#day#shard · digits |
| a person's visits | 1 Query on `visits` | g1pk PER#per · g1sk ms#venue |
| scans that wait for an answer about a person | in the subject's query | PER#per · AWAIT#scan |
| the day's figures | 1 BatchGet over shards | VEN#ven#day#shard · COUNT |
| the policy of a region | 1 BatchGet, cached 60 s | POLICY#prefix · CURRENT |
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


def session(person_id: str, session_id: str) -> Key:
    """A login; gone with the logout."""
    return Key(person(person_id), f"HOT#SESSION#{session_id}")


def snapshot(person_id: str, provider: str) -> Key:
    """The last thing that a provider said of the person."""
    return Key(person(person_id), f"HOT#SNAP#{provider}")


def right(person_id: str, venue_id: str) -> Key:
    """What the person may do at a venue."""
    return Key(person(person_id), f"HOT#RIGHT#{venue_id}")


def awaiting(person_id: str, scan_id: str) -> Key:
    """A scan of the person that waits for an answer."""
    return Key(person(person_id), f"{AWAIT}{scan_id}")


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


def scan_partition(venue_id: str, day: date, shard: int) -> str:
    """A shard of a venue's day: a partition takes 1,000 writes a second, a station needs more."""
    return f"VEN#{venue_id}#{day.isoformat()}#{shard}"


def scan(venue_id: str, day: date, shard: int, at_ms: int, digest: str) -> Key:
    """A scan, by the venue's local day and its time (13 digits), so that a day reads in order."""
    return Key(scan_partition(venue_id, day, shard), f"{at_ms:013d}#{digest}")


def counter(venue_id: str, day: date, shard: int) -> Key:
    """The figures of one shard of a venue's day."""
    return Key(scan_partition(venue_id, day, shard), COUNT)


def visit(person_id: str, venue_id: str, at_ms: int) -> Key:
    """The index entry of a scan under its person (``g1pk``, ``g1sk``)."""
    return Key(person(person_id), f"{at_ms:013d}#{venue_id}")


def policy(prefix: str) -> Key:
    """The rules of a policy region, by prefix of its GB/T 2260 code; ``*`` is the default."""
    return Key(f"POLICY#{prefix}", "CURRENT")


def data_key(key_id: str) -> Key:
    """A data key, wrapped by KMS."""
    return Key("DATAKEY", key_id)
