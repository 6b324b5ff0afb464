"""A `nightdrop watch` for every node, started again whenever it dies, and samples of its memory and open files."""
import json
import os
import signal
import statistics
import subprocess
import threading
import time
from datetime import datetime


class Watches:
    def __init__(self, chain):
        self.chain = chain
        self.running = {}
        self.born = {}
        self.deaths = []
        self.killed = set()
        self.restarts = 0
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.samples = {name: [] for name in chain.nodes}
        self.threads = [threading.Thread(target=self.supervise, daemon=True),
                        threading.Thread(target=self.sample, daemon=True)]

    def events_file(self, name):
        return self.chain.work / f"{name}.events"

    def start(self):
        for name in self.chain.nodes:
            self.launch(name)
        for thread in self.threads:
            thread.start()

    def launch(self, name):
        with open(self.events_file(name), "ab") as events, open(self.chain.work / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [self.chain.nightdrop, "watch", self.chain.share, "-C", self.chain.nodes[name], "--events"],
                stdin=subprocess.DEVNULL, stdout=events, stderr=log, start_new_session=True)
        self.running[name] = process
        self.born[name] = time.monotonic()

    def kill(self, name):
        with self.lock:
            process = self.running[name]
            self.killed.add(process.pid)
            process.kill()

    def supervise(self):
        while not self.ending.wait(0.2):
            with self.lock:
                for name, process in list(self.running.items()):
                    status = process.poll()
                    if status is None or self.ending.is_set():
                        continue
                    if process.pid not in self.killed:
                        self.deaths.append(f"the watch of {name} ended by itself, status {status}")
                    self.restarts += 1
                    self.launch(name)

    def stop(self, patience=90):
        """SIGTERM for all. Returns what went wrong."""
        self.ending.set()
        for thread in self.threads:
            thread.join()
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        wrong = list(self.deaths)
        end = time.monotonic() + patience
        for name, process in self.running.items():
            try:
                status = process.wait(max(0.1, end - time.monotonic()))
                if status:
                    wrong.append(f"the watch of {name} ended with {status} on SIGTERM")
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                wrong.append(f"the watch of {name} did not end on SIGTERM")
        return wrong

    # Memory and open files

    def sample(self):
        """Anonymous memory in KiB and open files; what is younger than five seconds is still warming up."""
        while not self.ending.wait(2):
            now = time.monotonic()
            for name, process in list(self.running.items()):
                if now - self.born[name] < 5:
                    continue
                try:
                    with open(f"/proc/{process.pid}/status") as status:
                        memory = next(int(row.split()[1]) for row in status if row.startswith("RssAnon:"))
                    self.samples[name].append((now, memory, len(os.listdir(f"/proc/{process.pid}/fd"))))
                except (OSError, StopIteration):
                    continue

    def growth(self):
        """(name, memory in KiB in the first and the last third, open files likewise) of every node."""
        times = [sample[0] for samples in self.samples.values() for sample in samples]
        if not times:
            return []
        start, end = min(times), max(times)
        rows = []
        for name, samples in self.samples.items():
            early = [sample for sample in samples if sample[0] <= start + (end - start) / 3]
            late = [sample for sample in samples if sample[0] >= end - (end - start) / 3]
            if early and late:
                rows.append((name, middle(early, 1), middle(late, 1), middle(early, 2), middle(late, 2)))
        return rows

    def events(self, name):
        """The events of a node, with `time` in seconds."""
        with open(self.events_file(name), encoding="utf-8") as file:
            for row in file:
                try:
                    event = json.loads(row)
                except ValueError:
                    # A watch that is killed may leave half a line.
                    continue
                event["time"] = datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
                yield event


def middle(samples, index):
    return statistics.median(sample[index] for sample in samples)
