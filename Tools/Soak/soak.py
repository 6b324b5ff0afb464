#!/usr/bin/env python3
"""A chain of shops under `nightdrop watch`, in one shared directory that is treated badly."""
import argparse
import json
import pathlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter

import checks
from chain import Chain, made_up_invoices, read_invoices
from explain import explained
from nuisance import FILES, MOUNTS, WATCHES, Mounts, Nuisance, plan
from trade import Trade
from watches import Watches


def options():
    parser = argparse.ArgumentParser(
        prog="soak", description="Lets a chain of shops trade through one shared directory that is treated badly, "
        "each node under its own `nightdrop watch`, and checks that all agree and that nothing is lost or doubled. "
        "A short run: --terminals 8 --seconds 30.")
    parser.add_argument("--nightdrop", default="nightdrop", help="the executable")
    parser.add_argument("--terminals", type=int, default=200, help="how many tills (200)")
    parser.add_argument("--seconds", type=float, default=180, help="how long they trade (180)")
    parser.add_argument("--rate", type=float, default=100, help="sales a second of all tills together (100)")
    parser.add_argument("--interval", type=float, help="seconds between two looks of a watch; else by how many tills")
    parser.add_argument("--settle", type=float, help="seconds in which the watches must bring all together at the end")
    parser.add_argument("--seed", type=int, help="replays the nuisance and the trading of that seed")
    parser.add_argument("--data", type=pathlib.Path, help="daily files YYYY-MM-DD.csv.gz with the columns of the data "
                        "set \"Online Retail\"; else the sales are made up")
    parser.add_argument("--keep", type=pathlib.Path, help="leave everything in this directory")
    parser.add_argument("--calm", action="store_true", help="no nuisance")
    return parser.parse_args()


def say(text):
    print(f"soak: {text}", file=sys.stderr, flush=True)


def main():
    given = options()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1 << 32)
    interval = given.interval or max(2, given.terminals / 10)
    settle = given.settle or 60 + 6 * interval
    say(f"seed {seed}; {given.terminals} tills, {given.seconds:g} s, a look every {interval:g} s")
    if given.keep:
        given.keep.mkdir(parents=True)
        work = given.keep.resolve()
    else:
        work = pathlib.Path(tempfile.mkdtemp(prefix="nightdrop-soak-"))
    mounts = None
    try:
        invoices = read_invoices(given.data) if given.data else made_up_invoices
        chain = Chain(given.nightdrop, work, given.terminals, products(invoices), customers(100))
        chain.share.mkdir()
        mounts = Mounts.made(chain, 128 + 4 * given.terminals)
        if not mounts:
            say("mounting is not permitted here: read-only, full and unmounted directories are left out")
        wrong = soak(given, chain, mounts, seed, interval, settle, invoices)
    finally:
        if mounts and given.keep:
            shutil.copytree(chain.medium, work / "medium-at-the-end", dirs_exist_ok=True)
        if mounts:
            mounts.end()
        if not given.keep:
            shutil.rmtree(work, ignore_errors=True)
    for row in wrong[:40]:
        print(f"WRONG {row}")
    print(f"{len(wrong)} differences; seed {seed}" if wrong else f"all agree; seed {seed}")
    return 1 if wrong else 0


def products(invoices):
    if not isinstance(invoices, list):
        return [f"{10000 + number}" for number in range(100)]
    # The dearest part of a short run would be thousands of goods in every store, which say no more.
    codes = [code for code, _ in Counter(row[0] for invoice in invoices for row in invoice).most_common(300)]
    known = set(codes)
    for invoice in invoices:
        invoice[:] = [row for row in invoice if row[0] in known]
    return codes


def customers(count):
    return [f"C{number:04}" for number in range(count)]


def soak(given, chain, mounts, seed, interval, settle, invoices):
    start = time.monotonic()
    say("making the chain")
    limit = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
    if limit.exists() and int(limit.read_text()) < 2 * len(chain.nodes):
        say(f"{limit} is {limit.read_text().strip()}: not every watch hears of changes, some go by the interval")
    chain.make(interval)
    say(f"made in {time.monotonic() - start:.0f} s; trading")
    watches = Watches(chain)
    trade = Trade(chain, invoices, seed, given.rate)
    kinds = [*FILES, *WATCHES, *(MOUNTS if mounts else ())]
    actions = [] if given.calm else plan(seed, given.seconds, list(chain.nodes), kinds)
    watches.start()
    try:
        began = time.monotonic()
        trade.start()
        Nuisance(chain, watches, mounts).run(actions, lambda action: None)
        while time.monotonic() - began < given.seconds:
            time.sleep(0.1)
        seconds = time.monotonic() - began
        trade.stop()
        say(f"{trade.books.operations} operations traded; waiting for the watches to bring all together")
        settled, wrong = settle_down(chain, settle)
    finally:
        trade.stop()
        wrong_at_end = watches.stop()
    wrong += wrong_at_end
    say("closing the day, and checking")
    for done in chain.on_all_tills(lambda till: chain.run("close", "-C", till.path, "--to", chain.share, check=False)):
        if done.returncode:
            wrong.append(f"close: status {done.returncode}: {done.stderr.strip()}")
    wrong += chain.exchange()
    wrong += checks.agreement(chain) + checks.books(chain, trade.books)
    wrong += checks.tills_hold_their_facts(chain, trade.books) + checks.closings(chain) + checks.verified(chain)
    rows = watches.growth()
    wrong += checks.flat(rows)
    done, told, unseen = explained(actions, watches)
    if given.keep:
        (chain.work / "mishaps.jsonl").write_text("".join(json.dumps(action.facts) + "\n" for action in actions))
    wrong += [f"nobody told of this mishap, and somebody must have seen it: {json.dumps(action.facts)}"
              for action in actions if action.is_done and not action.explanation and not action.unseen]
    summary(given, trade, seconds, settled, watches, rows, actions, done, told, unseen, kinds)
    return wrong


def settle_down(chain, seconds):
    """Waits until all agree by the watches alone. Returns how long that took, and what still differs."""
    start = time.monotonic()
    while True:
        waiting = checks.pending(chain)
        wrong = [f"after {seconds:g} s of watching {waiting} operations are not confirmed"] if waiting else []
        wrong = wrong or checks.agreement(chain)
        spent = time.monotonic() - start
        if not wrong or spent > seconds:
            return spent, [f"by the watches alone: {row}" for row in wrong]
        time.sleep(1)


def summary(given, trade, seconds, settled, watches, rows, actions, done, told, unseen, kinds):
    books = trade.books
    print(f"{given.terminals} tills traded for {seconds:.0f} s, one process each: {books.transactions} transactions, "
          f"{books.operations} operations, {books.operations / seconds:.0f} a second; "
          f"{trade.central_changes} changes at head office")
    print(f"together again {settled:.0f} s after the last mishap; {watches.restarts} watches started again")
    print(f"{'mishap':<12}{'planned':>9}{'done':>7}{'told in the logs':>19}{'seen by nobody':>17}{'unexplained':>14}")
    planned = Counter(action.kind for action in actions)
    for kind in kinds:
        print(f"{kind:<12}{planned[kind]:>9}{done[kind]:>7}{told[kind]:>19}{unseen[kind]:>17}"
              f"{done[kind] - told[kind] - unseen[kind]:>14}")
    for action in actions:
        if action.unseen:
            print(f"not seen by anybody: {action.kind} of {', '.join(action.files) or 'the directory'}: {action.unseen}")
    tills = [row for row in rows if row[0] != "HQ"]
    for name, some in (("head office", [row for row in rows if row[0] == "HQ"]), ("a till", tills)):
        if some:
            early, late, files, more = (sum(row[n] for row in some) / len(some) for n in range(1, 5))
            print(f"the watch of {name}: memory {early / 1024:.1f} MiB, later {late / 1024:.1f}; "
                  f"open files {files:.0f}, later {more:.0f}")


if __name__ == "__main__":
    sys.exit(main())
