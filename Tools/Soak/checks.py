"""What must hold when everybody has exchanged."""
import json
from collections import Counter
from decimal import Decimal

from chain import SHARED


def agreement(chain):
    """Where a till's records differ from head office's."""
    wrong = []
    central = {entity: chain.records(chain.central, entity) for entity in SHARED}
    for till in chain.tills:
        for entity in SHARED:
            have = chain.records(till.path, entity)
            want = central[entity]
            if entity == "inventory":
                want = {key: record for key, record in want.items() if key[0] == till.store}
                have = {(till.store, id): record for (_, id), record in have.items()}
            if have != want:
                ids = [id for id in {*have, *want} if have.get(id) != want.get(id)]
                example = ids[0]
                wrong.append(f"{till.name}: {len(ids)} of {len(want)} records of {entity} differ from head office's, "
                             f"such as {example[1]}: {have.get(example)} instead of {want.get(example)}")
    return wrong


def pending(chain):
    """How many operations the tills' status shows as not yet confirmed."""
    total = 0
    for till in chain.tills:
        try:
            total += json.loads((till.path / "status.json").read_text())["totals"]["pending"]
        except (OSError, ValueError, KeyError):
            total += 1
    return total


def books(chain, books):
    """Nothing that a till acknowledged is missing at head office, or there twice."""
    wrong = [f"recording failed at {refused}" for refused in books.refused]
    for entity, field, want in (("sale", "total", books.sales), ("payment", "amount", books.payments)):
        have = {id: Decimal(str(record[field])) for (_, id), record in chain.records(chain.central, entity).items()}
        wrong += [f"{entity} {id} is missing at head office" for id in want if id not in have][:5]
        wrong += [f"{entity} {id} is at head office and nobody recorded it" for id in have if id not in want][:5]
        if sum(have.values()) != sum(want.values()):
            wrong.append(f"{entity}: {sum(have.values())} at head office instead of {sum(want.values())}")
    stock = chain.records(chain.central, "inventory")
    for (store, id), record in stock.items():
        want = 1000 + books.stock[store, id]
        if Decimal(str(record["quantity"])) != want:
            wrong.append(f"inventory {id} of {store}: {record['quantity']} instead of {want}")
    for (_, id), record in chain.records(chain.central, "customer").items():
        if Decimal(str(record["points"])) != books.points[id]:
            wrong.append(f"customer {id}: {record['points']} points instead of {books.points[id]}")
    return wrong


def tills_hold_their_facts(chain, books):
    wrong = []
    for entity, want in (("sale", books.sales), ("payment", books.payments)):
        by_till = Counter(id.split("-")[0] for id in want)
        for till in chain.tills:
            count = len(chain.records(till.path, entity))
            if count != by_till[till.name]:
                wrong.append(f"{till.name}: {count} records of {entity} instead of {by_till[till.name]}")
    return wrong


def closings(chain):
    """Every till's control totals."""
    days = chain.json("days", "-C", chain.central)
    closed = {day["terminal"] for day in days if day["closed"]}
    wrong = [f"{till.name}: its close of day has not arrived" for till in chain.tills if till.name not in closed]
    wrong += [f"{day['terminal']} {day['day']}: totals differ: {day['differences']}"
              for day in days if day["closed"] and not day["agrees"]]
    return wrong


def verified(chain):
    done = chain.run("verify", "--store", "-C", chain.central, check=False)
    wrong = [] if done.returncode == 0 else [f"verify --store: status {done.returncode}: {done.stdout}{done.stderr}"]

    def till(till):
        done = chain.run("verify", "-C", till.path, check=False)
        lines = [row for row in done.stdout.splitlines() if row.startswith("WRONG")]
        return [f"verify at {till.name}: {row}" for row in lines or [done.stderr] if done.returncode]

    return wrong + [row for rows in chain.on_all_tills(till) for row in rows]


def flat(rows):
    """Memory may go up by a fifth and a cache, open files by a handful."""
    wrong = []
    for name, early, late, files, files_late in rows:
        room = 128 << 10 if name == "HQ" else 12 << 10
        if late > early * 1.2 + room:
            wrong.append(f"the watch of {name} grew from {early / 1024:.0f} to {late / 1024:.0f} MiB")
        if files_late > files + 8:
            wrong.append(f"the watch of {name} had {files:.0f} files open, later {files_late:.0f}")
    return wrong
