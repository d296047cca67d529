"""Phone numbers from people, WeChat and Alipay in one form, E.164."""


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
