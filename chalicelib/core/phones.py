"""Phone numbers from people, WeChat and Alipay in one form, E.164."""

from collections.abc import Collection


def e164(number: str) -> str:
    """Return `number` in E.164. The default country is mainland China.

    Letters are refused, which phonenumbers reads as on a keypad (ITU-T E.161): nobody in China
    writes a number so, and a stranger would get the message. Raises ValueError for a number that
    cannot be in use.
    """
    if any(character.isalpha() for character in number):
        raise ValueError("letters")
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError("not a phone number") from None
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("not a phone number in use")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def takes_text_messages(number: str, countries: Collection[str]) -> bool:
    """Return whether `number` (E.164) is a mobile number of one of `countries` (ISO 3166).

    A message to a landline, a shared-cost, premium-rate or satellite number logs nobody in, and may
    earn its owner money. Numbers of no country, such as those of satellite networks (+881, +882)
    and of international premium rate (+979; ITU-T E.169.2), have the region 001 in libphonenumber.
    In North America mobile numbers cannot be distinguished from landlines.
    """
    import phonenumbers

    parsed = phonenumbers.parse(number)
    mobile = (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    return (
        phonenumbers.region_code_for_number(parsed) in countries
        and phonenumbers.number_type(parsed) in mobile
    )
