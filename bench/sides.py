"""The programs that are compared. astro is started for each turn (this takes milliseconds). Each peer is a process that
answers requests, one per line (bench/peers/protocol.py). All sides have the method turn(request) -> answer."""
import json
import os
import subprocess
import sys
import tempfile
import time

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
PAUSE = 0.05    # seconds to wait after a turn of a peer, because its threads spin before they block

# Environment variables that restrict each side to AVX2.
AVX2 = {"ASTRO_ISA": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell"}


def environment(isa):
    """The environment without variables that slow down OpenBLAS or select kernels of a library."""
    kept = {k: v for k, v in os.environ.items() if k not in AVX2 and k != "OPENBLAS_L2_SIZE"}
    return {**kept, **(AVX2 if isa == "avx2" else {})}


class Failure(Exception):
    """A side cannot start or answer; the message is one line."""


class Astro:
    name = "astro"

    def __init__(self, program, threads, isa):
        self.program, self.threads, self.environment = program, threads, environment(isa)
        try:
            text = self.call("version")
        except OSError as error:
            raise Failure("%s: %s; hint: make" % (program, error.strerror))
        self.versions = dict(line.split(None, 1) for line in text.splitlines() if len(line.split(None, 1)) == 2)

    def call(self, *arguments):
        done = subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise Failure((done.stderr.strip().splitlines() or ["%s: exit %d" % (self.program, done.returncode)])[-1])
        return done.stdout

    def items(self):
        """[{group, name, words}], in the order of the program."""
        return [json.loads(line) for line in self.call("bench", "--list", "--json").splitlines()]

    def turn(self, request):
        """One answer; for items on files a list with one answer per set of arrays."""
        arguments = ["bench", "--json", "--items", request["item"], "--threads", str(self.threads),
                     "--rounds", str(request["rounds"]), "--seconds", str(request["seconds"])]
        if "file" in request:
            arguments += ["--file", request["file"]]
        answers = [json.loads(line) for line in self.call(*arguments).splitlines()]
        return answers if "file" in request else answers[0]

    def close(self):
        pass


class Peer:
    def __init__(self, name, threads, isa):
        self.name, self.errors = name, tempfile.TemporaryFile("w+")
        script = os.path.join(PEERS, name + "_twin.py")
        self.process = subprocess.Popen([sys.executable, script, "--threads", str(threads)], env=environment(isa), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        self.versions = self.answer()["versions"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            error = self.errors.read().strip().splitlines()
            raise Failure(error[-1] if error else "%s ended without an answer" % self.name)
        return json.loads(line)

    def turn(self, request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass                        # the process has ended; answer() reports why
        answer = self.answer()
        time.sleep(PAUSE)
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
