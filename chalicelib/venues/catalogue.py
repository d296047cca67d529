"""The venue types: the eight categories of 爱山东 (seed 004, SD-2).

There are no types that the seed does not name. The simplified names follow the seed's wording
(which is in traditional characters). The English names are this project's translation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Names = Mapping[str, str]
"""A name by language tag: ``zh-Hans``, ``zh-Hant``, ``en``."""


@dataclass(frozen=True)
class Category:
    """A kind of venue.

    `code` is stable: it is stored with venues and used in the API. `members` are the kinds of place
    that the seed lists in this category, as a help for applicants.
    """

    code: str
    names: Names
    members: tuple[Names, ...]


def category(code: str) -> Category | None:
    """Return the category with this code, or None."""
    return _BY_CODE.get(code)


def type_name(code: str, language: str) -> str:
    """Return the name of a venue's type; the code itself if it is unknown."""
    found = category(code)
    return found.names[language] if found else code


def _names(simplified: str, traditional: str, english: str) -> Names:
    return {"zh-Hans": simplified, "zh-Hant": traditional, "en": english}


CATEGORIES: tuple[Category, ...] = (
    Category(
        "lodging_dining_leisure",
        _names("住宿餐饮文旅", "住宿餐飲文旅", "Lodging, dining and leisure"),
        (
            _names("宾馆", "賓館", "Guesthouse"),
            _names("酒店", "酒店", "Hotel"),
            _names("饭店", "飯店", "Restaurant"),
            _names("餐饮旅游", "餐飲旅遊", "Catering and tourism"),
            _names("文旅娱乐", "文旅娛樂", "Culture, tourism and entertainment"),
        ),
    ),
    Category(
        "markets_logistics",
        _names("商超市场物流", "商超市場物流", "Shops, markets and logistics"),
        (
            _names("商场", "商場", "Shopping centre"),
            _names("超市", "超市", "Supermarket"),
            _names("农贸市场", "農貿市場", "Farmers' market"),
            _names("物流快递", "物流快遞", "Logistics and parcels"),
        ),
    ),
    Category(
        "medical",
        _names("医疗场所", "醫療場所", "Medical"),
        (
            _names("医院", "醫院", "Hospital"),
            _names("医药门店", "醫藥門店", "Pharmacy"),
            _names("诊所", "診所", "Clinic"),
        ),
    ),
    Category(
        "transport",
        _names("交通运输", "交通運輸", "Transport"),
        (
            _names("交通运输场所", "交通運輸場所", "Place of transport"),
            _names("公交车", "公交車", "City bus"),
            _names("出租车", "出租車", "Taxi"),
            _names("网约车", "網約車", "Ride-hailing car"),
            _names("城际班车", "城際班車", "Intercity coach"),
        ),
    ),
    Category(
        "government_enterprise",
        _names("机关企事业单位", "機關企事業單位", "Government, institutions and enterprises"),
        (
            _names("党政机关", "黨政機關", "Party or government office"),
            _names("企事业单位", "企事業單位", "Enterprise or public institution"),
        ),
    ),
    Category(
        "residential",
        _names("居民小区", "居民小區", "Residential"),
        (_names("居民小区等相对封闭场所", "居民小區等相對封閉場所", "Residential compound"),),
    ),
    Category(
        "education",
        _names("学校幼儿园", "學校幼兒園", "Education"),
        (
            _names("学校", "學校", "School"),
            _names("幼儿园", "幼兒園", "Kindergarten"),
        ),
    ),
    Category(
        "other",
        _names("其他公共场所", "其他公共場所", "Other public places"),
        (
            _names(
                "其他需要重点管控的公共场所",
                "其他需要重點管控的公共場所",
                "Other public place that needs attention",
            ),
        ),
    ),
)

_BY_CODE = {entry.code: entry for entry in CATEGORIES}
