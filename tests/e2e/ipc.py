"""Runs one role of qs the way the supervisor does: `qs --role NAME` with the channel of src/os/ipc.h on descriptor 3."""

import json
import os
import select
import socket
import struct
import subprocess

HEADER = struct.Struct("=HHI27sx")  # version, type, length, op
VERSION = 1
CONFIG, READY, FAILED, RELOAD, STOP = range(5)


class RoleFailed(Exception):
    """The role said FAILED; the argument is its report."""


class Role:
    """A running role. `prefix` is a command that runs it elsewhere, such as nsenter into a network namespace."""

    def __init__(self, binary, name, conf, prefix=(), fds=(), env=None, stderr=None):
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.channel, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 << 20)

        def place():
            if theirs.fileno() == 3:
                os.set_inheritable(3, True)
            else:
                os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen([*prefix, binary, "--role", name], preexec_fn=place, close_fds=False,
                                        env=env, stderr=stderr)
        theirs.close()
        self.send(CONFIG, conf, fds)

    def send(self, kind, body=None, fds=()):
        data = b"" if body is None else json.dumps(body).encode()
        socket.send_fds(self.channel, [HEADER.pack(VERSION, kind, len(data), b"") + data], list(fds))

    def receive(self, timeout=10):
        """The next frame as (type, body); None when the role has closed the channel."""
        if not select.select([self.channel], [], [], timeout)[0]:
            raise TimeoutError(f"no frame in {timeout} s")
        data = self.channel.recv(2 << 20)
        if not data:
            return None
        version, kind, length, _op = HEADER.unpack_from(data)
        assert version == VERSION and len(data) == HEADER.size + length
        return kind, json.loads(data[HEADER.size:] or b"{}")

    def wait_ready(self, timeout=10):
        frame = self.receive(timeout)
        if frame is None or frame[0] != READY:
            raise RoleFailed(frame)
        return frame[1]

    def stop(self, timeout=10):
        """Asks the role to stop; gives its exit status."""
        if self.process.poll() is None:
            try:
                self.send(STOP)
            except OSError:
                pass
        try:
            return self.process.wait(timeout)
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.channel.close()
