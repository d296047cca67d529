"""Phone numbers from people, WeChat and Alipay in one form, E.164."""


def e164(number: str) -> str:
    """Return `number` in E.164. The default country is mainland China.

    Raises ValueError for a number that cannot be in use.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError("not a phone number") from None
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("not a phone number in use")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
