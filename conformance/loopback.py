"""Start a command in a network namespace whose loopback interface is down: bring it up, then become the command.

LocalEmu listens on every interface whatever it is told. `unshare --net python loopback.py COMMAND` gives it, and
the clients beside it, a network with no other interface.
"""

import fcntl
import os
import socket
import struct
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def up(interface: str) -> None:
    """Set the interface's flag IFF_UP (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", interface.encode(), 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", interface.encode(), flags | IFF_UP))


if __name__ == "__main__":
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        sys.exit(f"loopback.py: this network has {', '.join(others)}: start it by unshare --net")
    up("lo")
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
