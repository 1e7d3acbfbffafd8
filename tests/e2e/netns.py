"""Network namespaces that end with the test: each is held by one child process and entered with nsenter."""

import ctypes
import json
import os
import subprocess

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def unshare_net():
    """Moves the calling thread into a new network namespace; gives a descriptor of the old one."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if libc.unshare(CLONE_NEWNET):
        os.close(home)
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return home


def return_net(home):
    libc.setns(home, CLONE_NEWNET)
    os.close(home)


class Namespace:
    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo up; exec sleep infinity"],
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.run("ip", "link", "set", "lo", "up")

    @property
    def prefix(self):
        return ["nsenter", "-t", str(self.holder.pid), "-n"]

    def run(self, *argv, check=True, **kw):
        return subprocess.run([*self.prefix, *argv], check=check, capture_output=True, text=True, **kw)

    def popen(self, *argv, **kw):
        return subprocess.Popen([*self.prefix, *argv], **kw)

    def ping(self, address, count=1, wait=1):
        family = "-6" if ":" in address else "-4"
        return self.run("ping", family, "-n", "-c", str(count), "-i", "0.2", "-W", str(wait), address,
                        check=False).returncode == 0

    def mac(self, link):
        return json.loads(self.run("ip", "-j", "link", "show", link).stdout)[0]["address"]

    def end(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


def cable(a, link_a, b, link_b):
    """A veth pair; an end whose namespace is None stays in the calling one."""
    ns_a = ["netns", str(a.holder.pid)] if a else []
    ns_b = ["netns", str(b.holder.pid)] if b else []
    subprocess.run(["ip", "link", "add", link_a, *ns_a, "type", "veth", "peer", "name", link_b, *ns_b], check=True)
