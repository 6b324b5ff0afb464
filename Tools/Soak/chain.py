"""Head office and its tills, in directories, and the shared directory between them."""
import concurrent.futures
import json
import os
import pathlib
import random
import sqlite3
import subprocess
from decimal import Decimal

POLICY = """\
version: 1
organisation: Corner Shops
entities:
  sale:
    direction: up
    priority: 10
    onConflict: terminal-wins
    onDuplicate: keep-both
    controlTotal: total
    fields:
      total: {type: decimal, required: true}
      lines: {type: json}
  payment:
    direction: up
    priority: 10
    immutable: true
    onDuplicate: keep-both
    controlTotal: amount
    fields:
      amount: {type: decimal}
  inventory:
    direction: both
    scope: store
    priority: 8
    fields:
      quantity: {type: decimal, merge: counter}
  customer:
    direction: both
    priority: 8
    onConflict: last-write-wins
    fields:
      name: {type: text}
      points: {type: integer, merge: counter}
  product:
    direction: both
    priority: 5
    onConflict: last-write-wins
    fields:
      name: {type: text}
      price: {type: decimal, merge: central-wins}
"""

WATCH = """
watch:
  interval: {interval}
  retryLimit: 4
  breakerPause: 2
"""

SHARED = ("product", "customer", "inventory")


class Till:
    def __init__(self, number, path):
        self.name = f"T{number:03}"
        self.store = f"S{(number + 2) // 3}"
        self.path = path / self.name


class Chain:
    """The nodes of one run. `share` is where they look; `medium` is the same directory behind the mount."""

    def __init__(self, nightdrop, work, terminals, products, customers):
        self.nightdrop = nightdrop
        self.work = work
        self.share = work / "share"
        self.medium = self.share
        self.central = work / "HQ"
        self.tills = [Till(number, work) for number in range(1, terminals + 1)]
        self.products = products
        self.customers = customers

    @property
    def nodes(self):
        return {"HQ": self.central, **{till.name: till.path for till in self.tills}}

    def run(self, *words, check=True, text=None):
        done = subprocess.run([self.nightdrop, *map(str, words)], input=text, text=True, capture_output=True)
        if check and done.returncode:
            raise RuntimeError(f"nightdrop {' '.join(map(str, words))}: status {done.returncode}: {done.stderr}")
        return done

    def json(self, *words):
        return [json.loads(line, parse_float=Decimal) for line in self.run(*words, "--json").stdout.splitlines()]

    def on_all_tills(self, body):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            return list(pool.map(body, self.tills))

    def make(self, interval):
        """Head office with its goods, and every till enrolled and up to date."""
        policy = self.work / "policy.yaml"
        policy.write_text(POLICY)
        self.run("init", "central", "-C", self.central, "--policy", policy)
        self.run("record", "-", "-C", self.central, "--quiet", text="\n".join(self.goods()) + "\n")

        def till(till):
            request = self.work / f"{till.name}.nightdrop-request"
            self.run("init", "terminal", "-C", till.path, "--id", till.name, "--store", till.store,
                     "--request", request)
            return request

        requests = self.on_all_tills(till)
        self.run("enroll", "-C", self.central, "--yes", "--to", self.share, *requests)
        self.on_all_tills(lambda till: self.run("import", "-C", till.path, self.share))
        self.exchange()
        for path in self.nodes.values():
            with open(path / "nightdrop.yaml", "a") as settings:
                settings.write(WATCH.format(interval=interval))
        for request in requests:
            request.unlink(missing_ok=True)

    def goods(self):
        price = random.Random(1)
        for code in self.products:
            yield line("create", "product", code,
                       set={"name": f"Article {code}", "price": price.randint(50, 9000) / 100})
        for customer in self.customers:
            yield line("create", "customer", customer, set={"name": f"Customer {customer}", "points": 0})
        for store in sorted({till.store for till in self.tills}):
            for code in self.products:
                yield line("create", "inventory", code, store=store, set={"quantity": 1000})

    def exchange(self):
        """Tills, head office, tills: once, by hand. Returns what went wrong."""
        wrong = []

        def visit(name, path):
            done = self.run("exchange", "-C", path, self.share, check=False)
            if done.returncode not in (0, 65, 75):
                wrong.append(f"exchange at {name}: status {done.returncode}: {done.stderr.strip()}")

        self.on_all_tills(lambda till: visit(till.name, till.path))
        visit("HQ", self.central)
        self.on_all_tills(lambda till: visit(till.name, till.path))
        visit("HQ", self.central)
        return wrong

    def records(self, path, entity):
        """The living records of a node's store, by (store, id): the documented views, read as any program may."""
        store = sqlite3.connect(f"file:{path / 'store.sqlite'}?mode=ro", uri=True, timeout=30)
        try:
            names = [row[1] for row in store.execute(f'PRAGMA table_info("{entity}")')]
            scope = "store" if "store" in names else "NULL"
            rows = store.execute(f'SELECT {scope}, id, _data FROM "{entity}"')
            return {(row[0], row[1]): json.loads(row[2], parse_float=Decimal) for row in rows}
        finally:
            store.close()


def line(action, entity, id, **more):
    return json.dumps({"entity": entity, "id": id, "action": action, **more})


def made_up_invoices(random):
    """Invoices that nobody wrote: lists of (code, quantity, price in hundredths)."""
    codes = [f"{10000 + number}" for number in range(100)]
    while True:
        yield [(random.choice(codes), random.randint(1, 5), random.randint(50, 9000))
               for _ in range(1 + min(random.randrange(12), random.randrange(12)))]


def read_invoices(directory, limit=20000, lines=25):
    """Invoices from daily files `YYYY-MM-DD.csv.gz` with the columns of the data set "Online Retail"."""
    import csv
    import gzip
    invoices = []
    for path in sorted(pathlib.Path(directory).glob("*.csv.gz")):
        day = {}
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                price = int(Decimal(row["UnitPrice"]) * 100)
                day.setdefault(row["InvoiceNo"], []).append((row["StockCode"].upper(), int(row["Quantity"]), price))
        invoices += [rows[:lines] for rows in day.values()]
        if len(invoices) >= limit:
            break
    if not invoices:
        raise SystemExit(f"soak: {directory} holds no daily files YYYY-MM-DD.csv.gz")
    return invoices
