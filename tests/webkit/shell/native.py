"""The native side's decisions: `sipwake::host` in a process beside this one. One input in, its effects out, at once."""
import json
import subprocess
import time


class Native:
    def __init__(self, program, options):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._write(options)

    def _write(self, value):
        self.process.stdin.write(json.dumps(value).encode() + b"\n")
        self.process.stdin.flush()

    def handle(self, what):
        self._write({**what, "mono": mono(), "wall": int(time.time() * 1000)})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the native side has ended")
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(3)


def mono():
    return int(time.monotonic() * 1000)
