"""The configuration of a deployment. The only module that reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The configuration of one deployment, from environment variables named ``VC_…``.

    `code_host` is part of the printed URL. It has at most 32 characters; above 31, the QR code
    needs version 6 instead of 5. `demo` marks every screen and poster 演示. `issuer` is the
    name of the issuing authority or region, printed on paper passes. `files_url` is the own host
    under which files are downloaded; empty for links to the bucket. `sms_countries` are those whose
    mobile numbers get one-time codes (ISO 3166), `sms_a_day` is how many codes are sent in a day.
    `absence_days` is after how many days without a proof of it a phone may have a new owner.
    `code_files` are the verification files below the printed URL (`landing.verification_files`).
    """

    stage: str
    table: str
    bucket: str
    lookups_url: str
    settles_url: str
    renders_url: str
    keys_secret: str
    index_secret: str
    partners_secret: str
    kms_key: str
    code_host: str
    issuer: str
    providers_url: str
    sms_url: str
    checks_url: str
    households_url: str
    wechat_url: str
    alipay_url: str
    cors_origin: str
    demo: bool
    fonts: str
    files_url: str
    sms_countries: frozenset[str]
    sms_a_day: int
    absence_days: int
    code_files: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables that ``.chalice/config.json`` and the template set.

        Each function has only the variables that it needs. A missing one is read as empty.
        """

        def read(name: str, default: str = "") -> str:
            return environment.get(f"VC_{name}", default)

        return cls(
            stage=read("STAGE"),
            table=read("TABLE"),
            bucket=read("BUCKET"),
            lookups_url=read("LOOKUPS_URL"),
            settles_url=read("SETTLES_URL"),
            renders_url=read("RENDERS_URL"),
            keys_secret=read("KEYS_SECRET"),
            index_secret=read("INDEX_SECRET"),
            partners_secret=read("PARTNERS_SECRET"),
            kms_key=read("KMS_KEY"),
            code_host=read("CODE_HOST").upper(),
            issuer=read("ISSUER"),
            providers_url=read("PROVIDERS_URL"),
            sms_url=read("SMS_URL"),
            checks_url=read("CHECKS_URL"),
            households_url=read("HOUSEHOLDS_URL"),
            wechat_url=read("WECHAT_URL"),
            alipay_url=read("ALIPAY_URL"),
            cors_origin=read("CORS_ORIGIN", "*"),
            demo=read("DEMO") == "1",
            fonts=read("FONTS", "/opt/fonts"),
            files_url=read("FILES_URL"),
            sms_countries=frozenset(read("SMS_COUNTRIES", "CN,HK,MO,TW").split(",")),
            sms_a_day=int(read("SMS_A_DAY", "100000")),
            absence_days=int(read("ABSENCE_DAYS", "90")),
            code_files=read("CODE_FILES"),
        )
