"""Phone numbers in one form, whoever wrote them: a person, WeChat, Alipay."""


def e164(number: str) -> str:
    """`number` as E.164; one without a country code is read as mainland China's.

    Raises ValueError for what cannot be a number that is in use.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError("not a phone number") from None
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("not a phone number in use")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
