"""The keys of the one table. No other module builds keys.

Partition key ``pk``, sort key ``sk``, one sparse index ``visits`` (``g1pk``, ``g1sk``; keys only),
TTL attribute ``ttl`` (epoch seconds). Every item carries its format's version ``v``.

| Access pattern | Request | Key |
|---|---|---|
| an actor's session, profile, snapshots, rights | 1 Query, strong | PER#per · begins HOT# |
| a subject's profile, snapshots, waiting scans | 1 Query | PER#per · between AWAIT# and HOT#~ |
| the person who logs in with a phone | 1 Get, strong | PHONE#blind · PHONE |
| the owner of an account of WeChat or Alipay | 1 Get, strong | ACCOUNT#blind · ACCOUNT |
| a person's accounts of WeChat and Alipay | 1 Query, strong | PER#per · ACCOUNT#blind |
| the items elsewhere that name a person, for erasure | in the query of all | PER#per · LEADS#pk |
| the person who registered a document | transaction condition | IDENT#blind · IDENT |
| the one-time code last sent to a phone | 1 Get, strong; 2 Update | OTP#blind · OTP |
| who has shown a phone proof that carries no time | 1 Put, conditional | PROOF#blind · PROOF |
| an identity check: read, poll, settle, use up | 1 Get; 1 Update, conditional | CHECK#idc · CHECK |
| attempts, by action, caller and time window | 1 Update | RATE#what#whom · window |
| a venue | 1 Get, cached 60 s | VEN#ven · VENUE |
| a printed code | 1 Get, cached 60 s | CODE#code · CODE |
| uniqueness of a venue's number, name, address | transaction condition | VENKEY#hash · VENKEY |
| other venues under a number | 1 Query | VENNUM#blind · VEN#ven |
| a venue's staff | 1 Query | VEN#ven · begins STAFF# |
| the venue behind a join code | 1 Get | JOIN#code · JOIN |
| a venue's current join code | 1 Get | VEN#ven · JOIN |
| the venue's code for fast check-in | 1 Get | VEN#ven · FAST |
| invitations of a phone's owner | 1 Query | INVITE#blind · begins VEN# |
| the invitations of a venue that wait | 1 Query, strong | VEN#ven · begins INVITE# |
| a poster | 1 Get | VEN#ven · POSTER#id |
| put a scan; read it by its id | 1 Put, conditional; 1 Get | VEN#ven#day#shard · ms#hash |
| a venue's day of scans | 1 Query a shard | VEN#ven#day#shard · digits |
| a person's visits; those of one millisecond | 1 Query on `visits` | g1pk PER#per · g1sk ms#venue |
| the paired phones of a staff member | 1 Get, strong; 1 Put, conditional | PER#per · OWN#PHONES |
| a person whom staff checked without an account | in the subject's query | PER#per · begins HOT# |
| accesses to the owner of a document number, newest first | 1 Query | ACCESS#blind · lms#hash |
| a person's scans that wait for an answer | in the subject's query; 1 Update | PER#per · AWAITING |
| the same of releases up to 0.2.0 | in the subject's query | PER#per · AWAIT#scan |
| the providers' answers about a person | in the person's query; 1 Update | PER#per · HOT#ANSWERS |
| the person who made a consent code | 1 Get, strong | CONSENT#blind · CONSENT |
| a person's valid consent code | transaction condition | PER#per · OWN#CONSENT |
| a person's dependants | in the actor's query | PER#per · HOT#DEPENDANTS |
| a person's guardians | in the subject's query | PER#per · HOT#GUARDIANS |
| the day's figures | 1 BatchGet over shards | VEN#ven#day#shard · COUNT |
| the day's figures of a staff member | in the same BatchGet | VEN#ven#day#shard · COUNT#per |
| counters of a partition, for reconciliation | 1 Query, strong | VEN#ven#day#shard · begins COUNT |
| the fence in a partition | 1 Get, strong | VEN#ven#day#shard · FENCE |
| venues with scans on a day | 1 Query a bucket on `visits` | g1pk DAY#day#bucket · g1sk ven#shard |
| how far the looks at a day are | 1 Query, strong | LOOKS#day · look#bucket |
| the day's abnormal scans | 1 Query a shard, 1 Get a scan | VEN#ven#day#shard · begins ABN# |
| the policy of a region | 1 BatchGet, cached 60 s | POLICY#prefix · CURRENT |
| a person's valid paper pass | in the person's query | PER#per · HOT#PASS |
| a person's paper passes, newest first | 1 Query | PER#per · PASS#lms#serial |
| the files of a person's paper pass | 1 Query; 1 Get | PER#per · PAPER#form |
| a person's prefetch request | 1 Put, conditional | PER#per · PREFETCH |
| a person's erasure | 1 Get, strong | PER#per · OWN#ERASURE |
| a person's export | 1 Get, strong | PER#per · OWN#EXPORT |
| the erasures that are due | 1 Query, strong | ERASURES · ms#per |
| the receipt of an erasure | 1 Get, strong | RECEIPT#id · RECEIPT |
| all that a person's partition holds, for erasure and export | 1 Query, strong | PER#per · any |
| put a person's record; read it | 1 Put, conditional; 1 Get | PER#per · REC#kind#lms#hash |
| a person's records of a kind, newest first | 1 Query | PER#per · begins REC#kind# |
| wrapped data keys | 1 Get, cached 5 min | DATAKEY · id |
| how far a move of the blind indexes is | 1 Get, strong | INDEXMOVE · INDEXMOVE |
| a device that makes a request | 1 Get, strong | DEVICE#kio · DEVICE |
| the device of a pairing code | 1 Get, strong; deleted once | PAIRING#blind · PAIRING |
| a card asked for at a kiosk | 1 Get, strong | DEVICE#kio · CARD#id |
| the cards asked for a person in the last day | 1 Query, strong | PER#per · KIOSK#kio#id |
"""

import zlib
from datetime import date
from typing import NamedTuple

from chalicelib.core import ids

VISITS_INDEX = "visits"
HOT = "HOT#"
AWAIT = "AWAIT#"
"""Begins the sort keys of pending markers, the format of releases up to 0.2.0."""
SUBJECT_FROM, SUBJECT_TO = AWAIT, "HOT#~"
ACCOUNTS, ACCOUNTS_TO = "ACCOUNT#", "ACCOUNT#~"
PASSES, PASSES_TO = "PASS#", "PASS#~"
PAPER_FILES, PAPER_FILES_TO = "PAPER#", "PAPER#~"
COUNT = "COUNT"
FENCE = "FENCE"
DAY_BUCKETS = 16
"""A partition of the index takes 1,000 writes a second; at midnight many venues' days begin."""
ABNORMAL = "ABN#"
ANY, ANY_TO = " ", "~~"
"""A span of sort keys that holds every sort key."""
PERSON_CARDS, PERSON_CARDS_TO = "KIOSK#", "KIOSK#~"
RECORDS = "REC#"
_LEADS = "LEADS#"
LAST_MS = 10**13 - 1
"""The last time that the 13 digits of a key hold, in milliseconds."""


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


def person(person_id: str) -> str:
    """Return the partition of a person's items."""
    return f"PER#{person_id}"


def person_of(pk: str) -> str:
    """Return the person whose partition `pk` is."""
    return pk.removeprefix("PER#")


def venue_of(pk: str) -> str:
    """Return the venue that a partition belongs to: its own one, or a shard of its day."""
    return pk.split("#")[1]


def profile(person_id: str) -> Key:
    """Return the key of a person's profile: contact, registration, verification."""
    return Key(person(person_id), "HOT#PROFILE")


def shadow(person_id: str) -> Key:
    """Return the key of a shadow profile: a person without an account, checked by staff."""
    return Key(person(person_id), "HOT#SHADOW")


def session(person_id: str, session_id: str) -> Key:
    """Return the key of a session. A logout deletes it."""
    return Key(person(person_id), f"HOT#SESSION#{session_id}")


def answers(person_id: str) -> Key:
    """Return the key of the providers' last answers about a person, an attribute for each."""
    return Key(person(person_id), "HOT#ANSWERS")


def snapshot(person_id: str, provider: str) -> Key:
    """Return the key of one answer in its own item, the format of releases up to 0.2.0."""
    return Key(person(person_id), f"HOT#SNAP#{provider}")


def rights(person_id: str) -> Key:
    """Return the key of a person's rights at venues, an attribute for each venue."""
    return Key(person(person_id), "HOT#RIGHTS")


def right(person_id: str, venue_id: str) -> Key:
    """Return the key of one right in its own item, the format of releases up to 0.2.0."""
    return Key(person(person_id), f"HOT#RIGHT#{venue_id}")


def dependants(person_id: str) -> Key:
    """Return the key of the people for whom a person acts, an attribute for each."""
    return Key(person(person_id), "HOT#DEPENDANTS")


def guardians(person_id: str) -> Key:
    """Return the key of the people who act for a person, an attribute for each."""
    return Key(person(person_id), "HOT#GUARDIANS")


def marker(person_id: str, scan_id: str) -> Key:
    """Return the key of the pending marker of one scan, the format of releases up to 0.2.0."""
    return Key(person(person_id), f"{AWAIT}{scan_id}")


def awaiting(person_id: str) -> Key:
    """Return the key of the scans that wait for answers about a person, with their question."""
    return Key(person(person_id), "AWAITING")


def paper_pass(person_id: str) -> Key:
    """Return the key of a person's valid paper pass, or of the last one."""
    return Key(person(person_id), "HOT#PASS")


def issued_pass(person_id: str, at_ms: int, serial: str) -> Key:
    """Return the key of a paper pass in its owner's history.

    The time counts down, so that the newest is first.
    """
    return Key(person(person_id), f"{PASSES}{LAST_MS - at_ms:013d}#{serial}")


def issued_at_ms(sk: str) -> int:
    """Return the time of issue in the sort key of a paper pass in the history."""
    return LAST_MS - int(sk.split("#")[1])


def paper_file(person_id: str, form: str) -> Key:
    """Return the key of a file of a person's paper pass."""
    return Key(person(person_id), f"{PAPER_FILES}{form}")


def prefetch(person_id: str) -> Key:
    """Return the key of a prefetch request, which the stream handler dispatches."""
    return Key(person(person_id), "PREFETCH")


def erasure(person_id: str) -> Key:
    """Return the key of the erasure that a person has asked for.

    Sort keys between AWAIT# and HOT# are read with every subject; this one must not be there.
    """
    return Key(person(person_id), "OWN#ERASURE")


def export(person_id: str) -> Key:
    """Return the key of the export that a person has asked for last."""
    return Key(person(person_id), "OWN#EXPORT")


def due_erasures() -> str:
    """Return the partition of the erasures that are to be carried out."""
    return "ERASURES"


def due_erasure(at_ms: int, person_id: str) -> Key:
    """Return the key of an erasure that is due at a time. The sort key begins with the time."""
    return Key(due_erasures(), f"{at_ms:013d}#{person_id}")


def due_until(now_ms: int) -> tuple[str, str]:
    """Return the span of sort keys of the erasures that are due at a time."""
    return "0", f"{now_ms:013d}#~"


def receipt(receipt_id: str) -> Key:
    """Return the key of the receipt of an erasure."""
    return Key(f"RECEIPT#{receipt_id}", "RECEIPT")


def records(kind: str) -> str:
    """Return the beginning of the sort keys of a person's records of a kind."""
    return f"{RECORDS}{kind}#"


def record(person_id: str, kind: str, at_ms: int, digest: str) -> Key:
    """Return the key of a person's record. The time counts down, so that the newest is first."""
    return Key(person(person_id), f"{records(kind)}{LAST_MS - at_ms:013d}#{digest}")


def lead(person_id: str, pk: str) -> Key:
    """Return the key that leads from a person to the item under `pk` that names them, for erasure.

    The sort key of such an item is the beginning of its partition key, such as ``CHECK``.
    """
    return Key(person(person_id), f"{_LEADS}{pk}")


def lead_of(sk: str) -> Key | None:
    """Return the key of the item that the sort key of :func:`lead` leads to; None for others."""
    pk = sk.removeprefix(_LEADS)
    return None if pk == sk else Key(pk, pk.partition("#")[0])


def phone(blind: str) -> Key:
    """Return the key of the owner of a phone number."""
    return Key(f"PHONE#{blind}", "PHONE")


def account(blind: str) -> Key:
    """Return the key of the owner of a platform account."""
    return Key(f"ACCOUNT#{blind}", "ACCOUNT")


def account_of(person_id: str, blind: str) -> Key:
    """Return the key of a platform account in its owner's partition, for merges and erasure."""
    return Key(person(person_id), f"{ACCOUNTS}{blind}")


def identity(blind: str) -> Key:
    """Return the key of the owner of an identity document."""
    return Key(f"IDENT#{blind}", "IDENT")


def consent(blind: str) -> Key:
    """Return the key of the person who made a consent code."""
    return Key(f"CONSENT#{blind}", "CONSENT")


def valid_consent(person_id: str) -> Key:
    """Return the key of a person's valid consent code.

    Sort keys between AWAIT# and HOT# are read with every subject; this one must not be there.
    """
    return Key(person(person_id), "OWN#CONSENT")


def otp(blind: str) -> Key:
    """Return the key of the one-time code last sent to a phone."""
    return Key(f"OTP#{blind}", "OTP")


def phone_proof(blind: str) -> Key:
    """Return the key of a phone proof that carries no time, by its hash."""
    return Key(f"PROOF#{blind}", "PROOF")


def identity_check(check_id: str) -> Key:
    """Return the key of an identity check, which is deleted after a day."""
    return Key(f"CHECK#{check_id}", "CHECK")


def rate(what: str, whom: str, window: str) -> Key:
    """Return the key of the count of attempts at `what` by `whom` in a time window.

    `whom` is hashed, so that a count, which outlives an erasure by a day, does not name a person.
    """
    return Key(f"RATE#{what}#{ids.derive(whom)}", window)


def venue(venue_id: str) -> Key:
    """Return the key of a venue."""
    return Key(f"VEN#{venue_id}", "VENUE")


def code(value: str) -> Key:
    """Return the key of a printed code."""
    return Key(f"CODE#{value}", "CODE")


def venue_unique(digest: str) -> Key:
    """Return the key that makes a venue's (number, name, address) unique (JN-3)."""
    return Key(f"VENKEY#{digest}", "VENKEY")


def venue_number(blind: str, venue_id: str) -> Key:
    """Return the key of a venue under its registration number, which branches may share."""
    return Key(f"VENNUM#{blind}", f"VEN#{venue_id}")


def poster(venue_id: str, poster_id: str) -> Key:
    """Return the key of a poster. Its id is the hash of its contents."""
    return Key(f"VEN#{venue_id}", f"POSTER#{poster_id}")


def staff(venue_id: str, person_id: str) -> Key:
    """Return the key of a staff member in the venue's list."""
    return Key(f"VEN#{venue_id}", f"STAFF#{person_id}")


def join(join_code: str) -> Key:
    """Return the key of the venue that a join code binds to."""
    return Key(f"JOIN#{join_code}", "JOIN")


def current_join(venue_id: str) -> Key:
    """Return the key of a venue's current join code."""
    return Key(f"VEN#{venue_id}", "JOIN")


def fast_code(venue_id: str) -> Key:
    """Return the key of a venue's code for fast check-in (YK-23)."""
    return Key(f"VEN#{venue_id}", "FAST")


def invitation(phone_blind: str, venue_id: str) -> Key:
    """Return the key of an invitation: a right that waits until a phone's owner is verified."""
    return Key(f"INVITE#{phone_blind}", f"VEN#{venue_id}")


def sent_invitation(venue_id: str, invitation_id: str) -> Key:
    """Return the key of an invitation in the venue's list of those that wait."""
    return Key(f"VEN#{venue_id}", f"INVITE#{invitation_id}")


def scan_partition(venue_id: str, day: date, shard: int) -> str:
    """Return the partition of a shard of a venue's day.

    A partition takes 1,000 writes a second; a railway station needs more.
    """
    return f"VEN#{venue_id}#{day.isoformat()}#{shard}"


def scan(venue_id: str, day: date, shard: int, at_ms: int, digest: str) -> Key:
    """Return the key of a scan.

    `day` is the venue's local day. The sort key begins with the time in 13 digits, so that a day is
    read in order.
    """
    return Key(scan_partition(venue_id, day, shard), f"{at_ms:013d}#{digest}")


def counter(partition: str) -> Key:
    """Return the key of the unit's figures in a scan partition."""
    return Key(partition, COUNT)


def staff_counter(partition: str, person_id: str) -> Key:
    """Return the key of a staff member's figures, in a shard of a venue's day."""
    return Key(partition, f"{COUNT}#{person_id}")


def staff_of(sk: str) -> str:
    """Return the staff member in the sort key of a counter; empty for the unit's."""
    return sk.removeprefix(COUNT).removeprefix("#")


def bucket_of(venue_id: str) -> int:
    """Return the bucket under which a venue is listed among a day's venues."""
    return zlib.crc32(venue_id.encode()) % DAY_BUCKETS


def counted_day(day: date, bucket: int) -> str:
    """Return the index partition (``g1pk``) of a bucket of the venues with scans on a local day."""
    return f"DAY#{day.isoformat()}#{bucket}"


def counted(partition: str) -> Key:
    """Return the index key (``g1pk``, ``g1sk``) of the unit's counter in a scan partition."""
    _, venue_id, day, shard = partition.split("#")
    return Key(counted_day(date.fromisoformat(day), bucket_of(venue_id)), f"{venue_id}#{shard}")


def fence(partition: str) -> Key:
    """Return the key of the fence in a scan partition."""
    return Key(partition, FENCE)


def looks(day: date) -> str:
    """Return the partition of the progress of reconciling a local day."""
    return f"LOOKS#{day.isoformat()}"


def look(day: date, number: int, bucket: int) -> Key:
    """Return the key of the progress of one look at a bucket of a day's venues."""
    return Key(looks(day), f"{number}#{bucket}")


def look_of(sk: str) -> tuple[int, int]:
    """Return the number of the look and the bucket in the sort key of :func:`look`."""
    number, bucket = sk.split("#")
    return int(number), int(bucket)


def abnormal(partition: str, at_ms: int, digest: str) -> Key:
    """Return the key of the pointer to an abnormal scan, in the scan's partition."""
    return Key(partition, f"{ABNORMAL}{at_ms:013d}#{digest}")


def visit(person_id: str, venue_id: str, at_ms: int) -> Key:
    """Return the index key of a person's visit (``g1pk``, ``g1sk``)."""
    return Key(person(person_id), f"{at_ms:013d}#{venue_id}")


def visits_at(at_ms: int) -> tuple[str, str]:
    """Return the span of index sort keys of a person's visits of one millisecond."""
    return f"{at_ms:013d}#", f"{at_ms:013d}#~"


def staff_phones(person_id: str) -> Key:
    """Return the key of the phones that a staff member has paired for late uploads.

    Sort keys between AWAIT# and HOT# are read with every subject; this one must not be there.
    """
    return Key(person(person_id), "OWN#PHONES")


def access_partition(blind: str) -> str:
    """Return the partition of the accesses to the owner of a document number."""
    return f"ACCESS#{blind}"


def access(blind: str, at_ms: int, digest: str) -> Key:
    """Return the key of one access. The time counts down, so that the newest is first."""
    return Key(access_partition(blind), f"{LAST_MS - at_ms:013d}#{digest}")


def access_place(sk: str) -> tuple[int, str]:
    """Return the time (epoch ms) and the hash in the sort key of an access."""
    remaining, _, digest = sk.partition("#")
    return LAST_MS - int(remaining), digest


def policy(prefix: str) -> Key:
    """Return the key of a region's policy, by GB/T 2260 code prefix; ``*`` is the default."""
    return Key(f"POLICY#{prefix}", "CURRENT")


def data_key(key_id: str) -> Key:
    """Return the key of a data key, wrapped by KMS."""
    return Key("DATAKEY", key_id)


def device(device_id: str) -> Key:
    """Return the key of a paired device."""
    return Key(f"DEVICE#{device_id}", "DEVICE")


def device_of(pk: str) -> str:
    """Return the device whose partition `pk` is."""
    return pk.removeprefix("DEVICE#")


def pairing(blind: str) -> Key:
    """Return the key of an unused pairing code."""
    return Key(f"PAIRING#{blind}", "PAIRING")


def kiosk_card(device_id: str, card_id: str) -> Key:
    """Return the key of a card that was asked for at a kiosk."""
    return Key(f"DEVICE#{device_id}", f"CARD#{card_id}")


def person_card(person_id: str, device_id: str, card_id: str) -> Key:
    """Return the key that leads from a person to a card, for printing and erasure."""
    return Key(person(person_id), f"{PERSON_CARDS}{device_id}#{card_id}")


def card_of(sk: str) -> tuple[str, str]:
    """Return the device and the card in the sort key of :func:`person_card`."""
    _, device_id, card_id = sk.split("#")
    return device_id, card_id


def is_scan(key: Key) -> bool:
    """Return whether `key` is a scan's: in a day's partition, with a time first in its sort key."""
    return key.pk.startswith("VEN#") and key.pk.count("#") == 3 and key.sk[:13].isdecimal()


def is_fence(key: Key) -> bool:
    """Return whether `key` is that of a fence in a scan partition."""
    return key.pk.startswith("VEN#") and key.sk == FENCE


def is_export(key: Key) -> bool:
    """Return whether `key` is an export's."""
    return key.pk.startswith("PER#") and key.sk == export("").sk


def is_profile(key: Key) -> bool:
    """Return whether `key` is a profile's."""
    return key.pk.startswith("PER#") and key.sk == profile("").sk


def is_prefetch(key: Key) -> bool:
    """Return whether `key` is a prefetch request's."""
    return key.pk.startswith("PER#") and key.sk == prefetch("").sk


def is_declaration(key: Key) -> bool:
    """Return whether `key` is a health declaration's."""
    return key.pk.startswith("PER#") and key.sk.startswith(records("declaration"))


def is_poster(key: Key) -> bool:
    """Return whether `key` is a poster's."""
    return key.pk.startswith("VEN#") and key.sk.startswith(poster("", "").sk)


def is_issued_pass(key: Key) -> bool:
    """Return whether `key` is that of a paper pass in its owner's history."""
    return key.pk.startswith("PER#") and key.sk.startswith(PASSES)


def is_paper_file(key: Key) -> bool:
    """Return whether `key` is that of a file of a paper pass."""
    return key.pk.startswith("PER#") and key.sk.startswith(PAPER_FILES)


def index_move() -> Key:
    """Return the key of how far a move of the blind indexes is."""
    return Key("INDEXMOVE", "INDEXMOVE")
