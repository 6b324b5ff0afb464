import Nightdrop

/// Records as lines of text, to compare them.
enum Images {
    /// The living records that a store sees, as `store/id field=value …`, sorted.
    static func of(
        _ store: String? = nil, isIDShown: Bool = true, _ records: ((Record) throws -> Void) throws -> Void
    ) rethrows -> [String] {
        var lines: [String] = []
        try records { record in
            if let store, let own = record.store, own != store { return }
            let fields = record.fields.map { "\($0.name)=\($0.value.json)" }.sorted()
            // Which of two records of one id bears the suffix may depend on the order of arrival.
            let id = isIDShown ? record.id : String(record.id.prefix { $0 != "~" })
            lines.append("\(record.store ?? "")/\(id) \(fields.joined(separator: " "))")
        }
        return lines.sorted()
    }

    /// What head office shows of everything, whichever of two records bears a suffix.
    static func all(_ central: Central) throws -> [String] {
        try RandomPolicy.entities.flatMap { entity in
            try of(isIDShown: false) { try central.records(entity, $0) }.map { "\(entity) \($0)" }
        }
    }

    /// What differs, in words; nil if nothing does.
    static func difference(_ mine: [String], _ theirs: [String]) -> String? {
        guard mine != theirs else { return nil }
        let (left, right) = (Set(mine).subtracting(theirs).sorted(), Set(theirs).subtracting(mine).sorted())
        return "\(left) against \(right)"
    }
}
