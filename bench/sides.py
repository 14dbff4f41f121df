"""The programs that are compared: ours, started anew for each turn (it starts in milliseconds), and the peers' twins, each kept
alive and asked line by line (bench/peers/protocol.py). Each takes turns by the same method: turn(request) -> answer."""
import json
import os
import subprocess
import sys
import tempfile
import time

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
REST = 0.05     # seconds after a peer's turn: its threads spin for a while before they sleep

# What restricts each side to AVX2 on a machine that has more.
AVX2 = {"ASTRO_ISA": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell"}


def environment(isa):
    """Settings that slow OpenBLAS or choose kernels are taken out, so that every library chooses for itself."""
    kept = {k: v for k, v in os.environ.items() if k not in AVX2 and k != "OPENBLAS_L2_SIZE"}
    return {**kept, **(AVX2 if isa == "avx2" else {})}


class Failure(Exception):
    """A side that cannot start or answer; the text is one line."""


class Ours:
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
        """[{group, name, words}], in the program's order."""
        return [json.loads(line) for line in self.call("bench", "--list", "--json").splitlines()]

    def turn(self, request):
        """One answer; for items on files a list of them, one for each set of arrays."""
        arguments = ["bench", "--json", "--items", request["item"], "--threads", str(self.threads),
                     "--rounds", str(request["rounds"]), "--seconds", str(request["seconds"])]
        if "file" in request:
            arguments += ["--file", request["file"]]
        answers = [json.loads(line) for line in self.call(*arguments).splitlines()]
        return answers if "file" in request else answers[0]

    def close(self):
        pass


class Twin:
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
            pass                        # it has ended: answer() says why
        answer = self.answer()
        time.sleep(REST)
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
