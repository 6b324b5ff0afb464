"""Trading at all tills at once, and the books of what was acknowledged."""
import itertools
import json
import random
import threading
import time
from collections import Counter
from decimal import Decimal

from chain import line


class Books:
    """What the tills acknowledged; head office must end up with exactly this."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sales = {}
        self.payments = {}
        self.stock = Counter()
        self.points = Counter()
        self.last = Counter()
        self.operations = 0
        self.transactions = 0
        self.refused = []

    def acknowledge(self, till, sale, answer):
        with self.lock:
            if "first" not in answer:
                self.refused.append(f"{till.name}: {answer}")
                return
            self.last[till.name] = max(self.last[till.name], answer["last"])
            self.operations += answer["last"] - answer["first"] + 1
            self.transactions += 1
            if sale.total is not None:
                self.sales[sale.id] = sale.total
                self.payments[f"{sale.id}-P"] = sale.total
            for code, quantity in sale.stock.items():
                self.stock[till.store, code] -= quantity
            if sale.customer:
                self.points[sale.customer] += 1


class Sale:
    """One transaction at a till, as lines of JSON."""

    def __init__(self, id, invoice, customer):
        self.id = id
        self.customer = customer
        self.stock = Counter()
        cents = 0
        for code, quantity, price in invoice:
            self.stock[code] += quantity
            cents += quantity * price
        self.total = Decimal(cents) / 100
        total = cents / 100
        operations = [
            line("create", "sale", id, set={
                "total": total, "lines": [{"code": c, "quantity": q, "price": p / 100} for c, q, p in invoice]}),
            line("create", "payment", f"{id}-P", set={"amount": total}),
        ]
        operations += [line("update", "inventory", code, add={"quantity": -quantity})
                       for code, quantity in sorted(self.stock.items()) if quantity]
        if customer:
            operations.append(line("update", "customer", customer, add={"points": 1}))
        self.text = "[" + ",".join(operations) + "]"


class Change:
    """A change of a product at a till, which head office or another till may change as well."""
    id = None
    total = None
    customer = None
    stock = Counter()

    def __init__(self, code, number):
        self.text = line("update", "product", code, set={"name": f"Article {code}, {number}"})


class Trade:
    """Traders that go from till to till until told to stop."""

    def __init__(self, chain, invoices, seed, rate, traders=2):
        self.chain = chain
        self.books = Books()
        self.rate = rate / traders
        self.ending = threading.Event()
        self.central_changes = 0
        self.sources = [itertools.cycle(invoices) if isinstance(invoices, list) else invoices(random.Random(seed + n))
                        for n in range(traders)]
        self.threads = [threading.Thread(target=self.trade, args=(n, traders, random.Random(seed * 31 + n)))
                        for n in range(traders)]
        self.threads.append(threading.Thread(target=self.change_prices, args=(random.Random(seed * 37),)))

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def trade(self, number, traders, dice):
        tills = self.chain.tills[number::traders]
        counters = Counter()
        for till in itertools.cycle(tills) if tills else ():
            if self.ending.is_set():
                return
            start = time.monotonic()
            work = []
            for _ in range(dice.randint(1, 20)):
                counters[till.name] += 1
                customer = dice.choice(self.chain.customers) if dice.random() < 0.3 else None
                work.append(Sale(f"{till.name}-{counters[till.name]:06}", next(self.sources[number]), customer))
            if dice.random() < 0.2:
                work.append(Change(dice.choice(self.chain.products), counters[till.name]))
            self.record(till, work)
            rest = len(work) / self.rate - (time.monotonic() - start)
            if rest > 0:
                self.ending.wait(rest)

    def record(self, till, work):
        done = self.chain.run("record", "-", "--each", "--json", "-C", till.path, check=False,
                              text="".join(sale.text + "\n" for sale in work))
        answers = [json.loads(answer) for answer in done.stdout.splitlines()]
        for sale, answer in zip(work, answers):
            self.books.acknowledge(till, sale, answer)
        if done.returncode or len(answers) != len(work):
            with self.books.lock:
                self.books.refused.append(f"{till.name}: status {done.returncode}: {done.stderr.strip()}")

    def change_prices(self, dice):
        """Head office changes a few prices a second, beside its own watch."""
        while not self.ending.wait(1):
            text = "".join(line("update", "product", dice.choice(self.chain.products),
                                set={"price": dice.randint(50, 9000) / 100}) + "\n" for _ in range(3))
            done = self.chain.run("record", "-", "--quiet", "-C", self.chain.central, check=False, text=text)
            if done.returncode == 0:
                self.central_changes += 3
            elif done.returncode != 75:
                with self.books.lock:
                    self.books.refused.append(f"HQ: status {done.returncode}: {done.stderr.strip()}")
