#!/usr/bin/python3
"""bare_metal PRESET [MAILS]: boots an image without an operating system in qemu-system-arm and lets it work.

The image talks TLS over its own lwIP to an exchange on this machine's loopback: OPTIONS, Provision, FolderSync, first sync, push of one
more mail, remote wipe. Each step is a line on the serial port. What the image says of its memory is held against the limits.
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import PASSWORD, PIN, ROOT, Exchange, Lines, Suite  # noqa: E402

ALICE = "alice@example.test"
BOARDS = {"arm-none-eabi": ("mps2-an505", [], 0x80FF0000), "arm-none-eabi-mail": ("mps2-an505", [], 0x80FF0000),
          "arm-none-eabi-a9": ("vexpress-a9", ["-m", "128M"], 0x64000000)}
# Bytes; what is reached, so that it does not grow unseen. The RAM disk and lwIP's pools come on top. TLS: 23 KB a connection; answers come
# uncompressed.
STACK_MAX = 12 << 10
HEAP_MAX = {"engine": 46_000, "sqlite": 66_500, "tls": 24_600, "inflate": 0, "carrier": 15_500, "all": 128 << 10}


class Image:
    def __init__(self, suite, preset, exchange):
        machine, more, page = BOARDS[preset]
        host = exchange.url.split("//")[1].split("/")[0]
        with open(exchange.ca, encoding="ascii") as f:
            roots = f.read()
        seed = os.urandom(24).hex()
        # The guest reaches this machine's loopback at 10.0.2.2; certificates are still checked against the host of the URL.
        settings = suite.path("settings", "server=%s\nconnect=%s:10.0.2.2:%d\nemail=%s\npassword=%s\npin=%s\nseed=%s\nwall_ms=%d\n\n%s\0" % (
            exchange.url, host, exchange.port, ALICE, PASSWORD, PIN, seed, time.time() * 1000, roots))
        image = os.path.join(ROOT, "build", preset, "bin", "firmware.elf")
        self.process = subprocess.Popen(
            ["qemu-system-arm", "-M", machine, *more, "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "user,model=lan9118",
             "-kernel", image, "-device", "loader,file=%s,addr=0x%x,force-raw=on" % (settings, page)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", bufsize=1,
            env=dict(os.environ, QEMU_AUDIO_DRV="none"))
        suite.running.append(self.process)
        self.lines = Lines(self.process.stdout)
        self.said = []

    def until(self, beginning, timeout):
        """Reads lines until one begins so; that line, or None."""
        end = time.monotonic() + timeout
        while True:
            try:
                line = self.lines.next(end - time.monotonic())[1]
            except TimeoutError:
                return None
            if line is None:
                return None
            self.said.append(line)
            if line.startswith(beginning):
                return line
            if line.startswith(("FAIL", "END")):
                return None

    def numbers(self, beginning):
        """{'engine': 123, ...} of lines `BEGINNING 123 engine`."""
        found = [line[len(beginning):].split() for line in self.said if line.startswith(beginning + " ")]
        return {unit: int(number) for number, unit in found}


def main():
    preset = sys.argv[1]
    mails = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with Suite("bare_metal") as s:
        # What a board without screen, camera and radio can comply with; the server refuses the rest with status 139.
        policy = s.path("policy.json", '{"DevicePasswordEnabled": false, "AllowCamera": false, "AllowBluetooth": 0, "MaxAttachmentSize": 1000000}')
        x = Exchange(s, "--mails", mails, "--seed", 5, "--policy", policy)
        image = Image(s, preset, x)

        def step(name, beginning, want, timeout):
            line = image.until(beginning, timeout)
            return s.check("%s: %s" % (preset, name), line is not None and want in line, "%r after %s" % (line, image.said[-12:]))

        good = step("boots", "handsync on", "no operating system", 30) and \
            step("account is added", "step account:", "protocol", 120) and \
            step("first sync of %d mails" % mails, "step first sync:", " %d mails" % mails, 240) and \
            step("is in push", "step push: waiting", "", 60)
        labels = [line for line in image.said if line.split(" ")[-1].isdigit()]
        for label in ("OPTIONS 200", "Provision 200", "FolderSync 200", "Sync 200"):
            s.check("%s: %s" % (preset, label), label in labels, labels[:40])
        if good:
            x.command("deliver %s One more" % ALICE)
            good = step("one more mail by push", "step push:", " %d mails" % (mails + 1), 60)
            x.command("wipe " + ALICE)
            step("remote wipe", "step wiped", "", 60)
            step("ends", "END", "ok", 30)
        peak, stack, disk = image.numbers("heap peak"), image.numbers("stack").get("bytes"), image.numbers("ram disk").get("bytes")
        print("   heap of a first sync: %s" % image.numbers("heap of a first sync:"))
        print("   heap peak: %s; stack %s bytes; RAM disk after the wipe %s bytes" % (peak, stack, disk))
        for owner, most in HEAP_MAX.items():
            s.check("%s: peak heap of %s within %d bytes" % (preset, owner, most), peak.get(owner, -1) <= most and (peak.get(owner, 0) > 0) == (most > 0), peak)
        with open(os.path.join(ROOT, "build", preset, "memory.json"), "w", encoding="utf-8") as f:
            json.dump({"heap": peak, "first_sync": image.numbers("heap of a first sync:"), "stack": stack}, f)
        s.check("%s: stack within %d KiB" % (preset, STACK_MAX >> 10), stack is not None and stack <= STACK_MAX, stack)
        s.equal("%s: nothing of the mailbox is left after the wipe" % preset, disk, 0)
        if os.environ.get("HANDSYNC_KEEP"):
            print("\n".join(image.said))


main()
