"""The network of a caller, by which limits are counted."""


def network_of(address: str) -> str:
    """Return the network of an IP address: IPv6 by its /64, IPv4 as it is.

    Who has one IPv6 address has the 2^64 of its subnet (RFC 4291, section 2.5.4), so that a limit
    by address would be none. An IPv4 address in IPv6 form counts as the IPv4 address. A text that
    is no address is returned as it is.
    """
    from ipaddress import IPv4Address, ip_address, ip_network

    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found.packed, 64), strict=False))
