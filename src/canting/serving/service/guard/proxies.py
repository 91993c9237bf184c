"""What a reverse proxy says of a request: client, scheme and prefix; only if it is trusted."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from canting.serving.service.settings import PREFIX_PATH, Settings

Address = IPv4Address | IPv6Address


def apply(scope: Scope, settings: Settings) -> None:
    """Put the client, the scheme and the prefix that hold into the scope of a request."""
    peer = scope["client"][0] if scope.get("client") else ""
    headers, prefix = Headers(scope=scope), settings.prefix
    if _is_trusted(peer, settings):
        scope["client"] = (_client(headers, peer, settings), 0)
        if headers.get("x-forwarded-proto", "").lower() in ("http", "https"):
            scope["scheme"] = headers["x-forwarded-proto"].lower()
        given = headers.get("x-forwarded-prefix", "").rstrip("/")
        prefix = given if PREFIX_PATH.fullmatch(given) else prefix
    if prefix:
        _put_below(scope, prefix)


def client_of(scope: Scope) -> Address | None:
    """Return the address of the client."""
    return _address(scope["client"][0]) if scope.get("client") else None


def root_of(scope: Scope) -> str:
    """Return the prefix below which the service is reached; empty: none."""
    root: str = scope.get("root_path", "")
    return root.rstrip("/")


def path_of(scope: Scope) -> str:
    """Return the path of a request without the prefix."""
    path: str = scope["path"]
    return path.removeprefix(root_of(scope)) or "/"


def _put_below(scope: Scope, prefix: str) -> None:
    """Let the path begin with the prefix, whether the proxy has cut it off or not."""
    path = scope["path"]
    scope["root_path"] = prefix
    if path != prefix and not path.startswith(f"{prefix}/"):
        scope["path"] = prefix + path
    elif path == prefix:
        scope["path"] = f"{prefix}/"


def _client(headers: Headers, peer: str, settings: Settings) -> str:
    """Return the last address of the header that is no proxy of ours."""
    given = ",".join(headers.getlist(settings.proxy_header)).split(",")
    for one in reversed([part.strip() for part in given if part.strip()]):
        address = _address(one)
        if address is None:
            break
        peer = str(address)
        if not _is_trusted(one, settings):
            break
    return peer


def _is_trusted(text: str, settings: Settings) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in settings.proxies)


def _address(text: str) -> Address | None:
    """Return an address; one of IPv4 that IPv6 carries (`::ffff:10.0.0.1`) as that of IPv4.

    Some proxies send a port too, as `1.2.3.4:5678` or `[2001:db8::1]:5678`.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    carried = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return carried or found
