import NightdropFormats
import NightdropModel

/// A manifest in words.
enum ManifestWords {
    static func lines(_ manifest: Manifest) -> [String] {
        let store = manifest.from.store.map { " of store \($0)" } ?? ""
        let part = manifest.parts > 1 ? ", part \(manifest.part) of \(manifest.parts)" : ""
        var lines = [
            "\(name(manifest.kind)) from \(manifest.from.node)\(store) to \(manifest.to)\(part)",
            "organisation \(manifest.organisation), written \(Words.time(manifest.created)) by \(manifest.software)",
        ]
        if let answer = manifest.answer {
            lines += self.lines(answer, manifest)
        } else {
            lines.append("journal \(manifest.from.journal): \(operations(manifest))")
            if let follows = manifest.from.follows {
                lines.append("the journal follows \(follows.journal) from behind operation \(follows.seq)")
            }
            let cursor = manifest.cursor.map { "up to \($0.csn)" } ?? "none yet"
            lines.append("\(manifest.pending) without a receipt; has changes of head office \(cursor)")
            for day in manifest.days {
                let again = day.close.part > 1 ? " (part \(day.close.part))" : ""
                lines.append("closes \(day.close.day)\(again): \(Words.totals(day.close.totals))")
            }
        }
        return lines
    }

    private static func lines(_ answer: ReturnFacts, _ manifest: Manifest) -> [String] {
        let start = answer.start.map { "changes \($0.csn + 1) to" } ?? "everything up to change"
        let receipt = answer.receipt
        var lines = [
            "\(start) \(answer.reach.csn): \(Words.count(manifest.operations, "record"))",
            "receipt: head office has journal \(answer.journal) up to operation \(receipt.position.seq)",
            "policy version \(answer.coverage.policyVersion)",
        ]
        for directive in answer.directives {
            switch directive {
            case .sendAgain(let from): lines.append("asks to send again from operation \(from)")
            case .journalEnded(let journal): lines.append("asks to begin a new journal instead of \(journal)")
            case .keyRefused(let key): lines.append("says that the key \(key) is refused")
            case .exchange: lines.append("asks for a fresh bundle")
            }
        }
        return lines
    }

    private static func name(_ kind: Manifest.Kind) -> String {
        switch kind {
        case .journal: "journal bundle"
        case .return: "return bundle"
        case .snapshot: "snapshot"
        case .grant: "grant"
        }
    }

    private static func operations(_ manifest: Manifest) -> String {
        guard manifest.operations > 0 else { return "no operations" }
        return "operations \(manifest.first) to \(manifest.last) in \(Words.count(manifest.segments.count, "segment"))"
    }
}

/// A segment in words.
enum SegmentWords {
    static func lines(_ facts: SegmentFacts) -> [String] {
        let header = facts.header
        var lines = ["segment \(header.segment) of journal \(header.journal) of \(owner(header))"]
        let range = facts.count > 0 ? ", \(header.first) to \(facts.last)" : ""
        lines.append("\(Words.count(facts.count, "operation"))\(range), begun \(Words.time(header.created))")
        lines.append("totals: \(Words.totals(facts.totals))")
        if let close = facts.trailer?.close {
            lines.append("closes \(close.day), part \(close.part): \(Words.totals(close.totals))")
        }
        lines.append(facts.trailer == nil ? "not sealed" : "sealed; hash \(facts.hash)")
        return lines
    }

    /// `T07 of store S1`.
    static func owner(_ header: SegmentHeader) -> String {
        header.store.map { "\(header.node) of store \($0)" } ?? header.node.text
    }
}
