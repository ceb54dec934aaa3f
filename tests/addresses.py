"""Whether this machine can be reached by others: what tests with real connections need."""

import ifaddr


def has_address() -> bool:
    """ICE wants an address that is not loopback."""
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return any(isinstance(ip, str) and not ip.startswith("127.") for ip in addresses)
