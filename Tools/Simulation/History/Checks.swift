import Nightdrop

/// What must hold once everyone has exchanged. Each check returns what does not, a sentence each.
struct Checks {
    let chain: SimulatedChain

    /// All tills show what head office shows, of what they receive.
    func tillsAgree() throws -> [String] {
        var findings: [String] = []
        for till in chain.tills {
            let id = till.settings.id
            let wish = till.settings.receive
            for entity in RandomPolicy.entities where entity != "sale" && wish?.contains(entity) ?? true {
                let store = till.settings.store?.text
                let mine = try Images.of(store) { try till.records(entity, $0) }
                let theirs = try Images.of(store) { try chain.central.records(entity, $0) }
                if let difference = Images.difference(mine, theirs) {
                    findings.append("\(entity) at \(id) differs: \(difference)")
                }
            }
            let pending = try till.status().totals.pending
            if pending != 0 { findings.append("\(id) has \(pending) operations pending") }
        }
        return findings
    }

    /// Every sale that was acknowledged is at head office, once, and the sums of increments are right.
    func nothingIsLostOrDoubled() throws -> [String] {
        var findings: [String] = []
        var marks: [String] = []
        try chain.central.records("sale") { sale in
            if let mark = sale["mark"]?.json { marks.append(String(mark.dropFirst().dropLast())) }
        }
        if marks.count != Set(marks).count { findings.append("a sale is there twice") }
        if Set(marks) != chain.acknowledged {
            findings.append("sales differ: \(Set(marks).symmetricDifference(chain.acknowledged).sorted())")
        }
        for (entity, field) in [("product", "stock"), ("customer", "points")] {
            let found = try chain.central.get(entity, "A")?[field]?.json
            if found != String(chain.sums[field] ?? 0) {
                findings.append("\(field) is \(found ?? "absent"), not \(chain.sums[field] ?? 0)")
            }
        }
        return findings
    }

    /// The days' totals agree, and each operation is accounted for.
    func everythingIsAccountedFor() throws -> [String] {
        var findings: [String] = []
        for day in try chain.central.days() where day.agrees == false {
            findings.append("the totals of \(day.day) at \(day.terminal) do not agree")
        }
        return try findings + Accounts(chain).findings()
    }

    /// Head office's store is what the operations make of it.
    func storeAddsUp() throws -> [String] { try chain.central.verifyStore().problems.map(\.text) }

    /// All bundles that ever were, in any order, bring nothing new.
    func nothingComesTwice(_ files: [String]) throws -> [String] {
        let before = try (chain.central.merge([]).csn, Images.all(chain.central))
        let mine = files.filter { $0.contains("to@HQ@") || $0.contains("/to/HQ/") }
        let outcomes = try chain.central.merge(mine).bundles.filter { $0.outcome != .known }
        let after = try (chain.central.merge([]).csn, Images.all(chain.central))
        var findings = outcomes.map { "again, \($0.file) is \($0.outcome): \($0.reason ?? "")" }
        if before != after { findings.append("what came again changed head office") }
        for till in chain.tills {
            let own = files.filter { $0.contains("to@\(till.settings.id)@") }
            let applied = try till.take(own).filter { $0.outcome == .merged }
            findings += applied.map { "again, \($0.file) was applied at \(till.settings.id)" }
        }
        return findings
    }
}
