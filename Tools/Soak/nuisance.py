"""What happens to a shared directory: planned from a seed, done one thing after the other or side by side."""
import concurrent.futures
import errno
import os
import random
import subprocess
import threading
import time

BUNDLE = (".nightdrop.tar", ".nightdrop.tar.age")
FILES = ("truncate", "duplicate", "half-copy", "delay", "reorder", "delete")
MOUNTS = ("read-only", "full", "unmount")
WATCHES = ("kill",)


class Action:
    """One mishap: when, which, to whom, and how it went."""

    def __init__(self, at, kind, addressee, number):
        self.at = at
        self.kind = kind
        self.addressee = addressee
        self.number = number
        self.files = []
        self.explanation = None
        self.begin = None
        self.end = None
        self.note = None
        # Of files that were put there: since when, until when, and what became of them.
        self.placed = []
        self.unseen = None

    @property
    def facts(self):
        """For whoever looks into a run."""
        return {"kind": self.kind, "addressee": self.addressee, "files": self.files, "begin": self.begin,
                "end": self.end, "note": self.note, "placed": [placed.facts for placed in self.placed],
                "explanation": self.explanation, "unseen": self.unseen}

    @property
    def is_done(self):
        return self.begin is not None


class Placed:
    """A file that we put there: the name alone says nothing, as its sender may write another one under it."""

    def __init__(self, path):
        self.path = path
        self.inode = os.stat(path).st_ino
        self.since = time.time()
        self.until = None
        self.fate = None

    @property
    def facts(self):
        return {"file": self.path.name, "since": self.since, "until": self.until, "fate": self.fate}

    def look(self):
        """Whether it still lies there."""
        try:
            if os.stat(self.path).st_ino == self.inode:
                return True
            self.fate = "replaced"
        except OSError:
            self.fate = "removed"
        self.until = time.time()
        return False


def plan(seed, seconds, nodes, kinds):
    """Every kind comes as often as the others; head office is concerned half of the time."""
    dice = random.Random(seed)
    count = max(2 * len(kinds), int(seconds / 1.5))
    tills = [name for name in nodes if name != "HQ"]
    order = []
    while len(order) < count:
        order += dice.sample(kinds, len(kinds))
    times = sorted(seconds * dice.uniform(0.05, 0.9) for _ in range(count))
    return [Action(at, kind, "HQ" if dice.random() < 0.5 else dice.choice(tills), dice.random())
            for at, kind in zip(times, order)]


class Nuisance:
    def __init__(self, chain, watches, mounts):
        self.chain = chain
        self.watches = watches
        self.mounts = mounts
        self.held = chain.medium.parent / "held"
        self.held.mkdir(exist_ok=True)
        self.mounting = threading.Lock()
        self.numbers = iter(range(1, 1 << 30))
        self.lying = []
        self.lock = threading.Lock()
        self.ending = threading.Event()

    def follow(self):
        """Notes when what we put there is no longer there."""
        while not self.ending.wait(0.02):
            with self.lock:
                self.lying = [placed for placed in self.lying if placed.look()]

    def put(self, action, place, name):
        """What we keep goes to where it is looked for."""
        os.rename(place, self.folder(action) / name)
        self.lies(action, name)

    def lies(self, action, name):
        try:
            placed = Placed(self.folder(action) / name)
        except OSError:
            # Taken in the meantime.
            return
        action.placed.append(placed)
        with self.lock:
            self.lying.append(placed)

    def run(self, actions, report):
        start = time.monotonic()
        threading.Thread(target=self.follow, daemon=True).start()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            futures = []
            for action in actions:
                time.sleep(max(0, start + action.at - time.monotonic()))
                futures.append(pool.submit(self.do, action))
            for action, future in zip(actions, futures):
                future.result()
                report(action)
        self.repair()

    def do(self, action):
        body = getattr(self, action.kind.replace("-", "_"))
        try:
            body(action)
        except (OSError, subprocess.CalledProcessError) as error:
            action.note = str(error)
        if action.is_done:
            action.end = time.time()

    def repair(self):
        """The directory as it should be."""
        (self.chain.medium.parent / "filler").unlink(missing_ok=True)
        if self.mounts:
            self.mounts.repair()

    # Files

    def folder(self, action):
        return self.chain.medium / "to" / action.addressee

    def catch(self, action, seconds=4.0):
        """The path of the next bundle on its way to the addressee; else, after a while, of one to head office."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with os.scandir(self.folder(action)) as entries:
                    names = sorted(entry.name for entry in entries
                                   if entry.name.endswith(BUNDLE) and not entry.name.startswith("copy-"))
            except OSError:
                names = []
            if names:
                return self.folder(action) / names[int(action.number * len(names))]
            time.sleep(0.004)
        if action.addressee == "HQ" or action.files:
            return None
        action.addressee = "HQ"
        return self.catch(action, seconds)

    def take(self, action, keep):
        """A bundle moved, or if `keep` linked, into our keeping: (its name, where it is now); None if none comes by."""
        for _ in range(20):
            path = self.catch(action)
            if path is None:
                return None
            place = self.held / f"{next(self.numbers)}"
            try:
                os.link(path, place) if keep else os.rename(path, place)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    continue
                raise
            action.begin = action.begin or time.time()
            action.files.append(path.name)
            return path.name, place
        return None

    def truncate(self, action):
        taken = self.take(action, keep=False)
        if taken:
            name, place = taken
            os.truncate(place, int(os.path.getsize(place) * action.number))
            self.put(action, place, name)

    def duplicate(self, action):
        taken = self.take(action, keep=True)
        if taken:
            name, place = taken
            time.sleep(1 + 2 * action.number)
            action.files = [f"copy-of-{name}"]
            self.put(action, place, action.files[0])

    def half_copy(self, action):
        """As a copying program does it that writes under the final name."""
        taken = self.take(action, keep=False)
        if taken:
            name, place = taken
            content = place.read_bytes()
            place.unlink()
            half = int(len(content) * (0.1 + 0.8 * action.number))
            with open(self.folder(action) / name, "wb", buffering=0) as file:
                file.write(content[:half])
                self.lies(action, name)
                time.sleep(1 + 3 * action.number)
                file.write(content[half:])

    def delay(self, action):
        taken = self.take(action, keep=False)
        if taken:
            name, place = taken
            time.sleep(2 + 4 * action.number)
            self.put(action, place, name)

    def reorder(self, action):
        """Three that follow each other arrive the other way round."""
        taken = [self.take(action, keep=False) for _ in range(3)]
        for name, place in reversed([pair for pair in taken if pair]):
            self.put(action, place, name)
            time.sleep(0.3)

    def delete(self, action):
        taken = self.take(action, keep=False)
        if taken:
            taken[1].unlink()

    # The directory itself

    def read_only(self, action):
        with self.mounting:
            action.begin = time.time()
            self.mounts.read_only(True)
            time.sleep(2 + 2 * action.number)
            self.mounts.read_only(False)

    def full(self, action):
        with self.mounting:
            action.begin = time.time()
            filler = self.chain.medium.parent / "filler"
            end = time.monotonic() + 2 + 2 * action.number
            with open(filler, "wb", buffering=0) as file:
                # What is taken away meanwhile makes room again.
                while time.monotonic() < end:
                    self.fill(file)
                    time.sleep(0.02)
            filler.unlink()

    @staticmethod
    def fill(file):
        for size in (1 << 20, 4096):
            try:
                while True:
                    file.write(bytes(size))
                    if file.tell() > 1 << 33:
                        raise OSError("the directory does not become full")
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def unmount(self, action):
        with self.mounting:
            action.begin = time.time()
            self.mounts.unmount()
            time.sleep(2 + 2 * action.number)
            self.mounts.mount()

    # Watches

    def kill(self, action):
        action.begin = time.time()
        self.watches.kill(action.addressee)


class Mounts:
    """A small file system in memory, and the shared directory mounted out of it."""

    def __init__(self, chain, megabytes):
        self.chain = chain
        self.medium = chain.work / "medium"
        self.medium.mkdir()
        call("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "soak", self.medium)
        chain.medium = self.medium / "share"
        chain.medium.mkdir()
        self.mount()

    @staticmethod
    def made(chain, megabytes):
        """None where mounting is not permitted."""
        try:
            return Mounts(chain, megabytes)
        except (OSError, subprocess.CalledProcessError):
            chain.medium = chain.share
            return None

    def mount(self):
        call("mount", "--bind", self.chain.medium, self.chain.share)

    def unmount(self):
        call("umount", "--lazy", self.chain.share)

    def read_only(self, is_on):
        """A file that is being written keeps a mount from becoming read-only: then once more."""
        for attempt in range(200):
            try:
                return call("mount", "-o", f"remount,bind,{'ro' if is_on else 'rw'}", self.chain.share)
            except subprocess.CalledProcessError:
                if attempt == 199:
                    raise
                time.sleep(0.01)

    def end(self):
        for path in (self.chain.share, self.medium):
            subprocess.run(["umount", "--lazy", str(path)], capture_output=True)

    def repair(self):
        if not os.path.ismount(self.chain.share):
            self.mount()
        self.read_only(False)


def call(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)
