import NightdropMerge
import NightdropModel
import NightdropStore

/// The operations that shall be undone: those that a bundle was the first to bring, or those of an earlier undo.
struct UndoTarget {
    /// The bundle that all this is about.
    let bundle: String
    /// The undo that shall be undone; nil for the bundle itself.
    let undo: Int64?
    /// By record, then CSN.
    private(set) var changes: [(rid: Int64, csn: Int64)] = []

    /// Fetches the places of the operations from the change log.
    init(bundle: String, undo: UndoRow?, _ reader: any CentralReader) throws {
        self.bundle = bundle
        self.undo = undo?.number
        if let undo {
            let numbers = try UndoKey.numbers(of: undo.number, reader)
            try collect(reader, from: undo.at, count: numbers.reduce(0) { $0 + Int64($1.range.count) }) { change in
                guard numbers.contains(where: { $0.range.contains(change.offset) }),
                    let journal = try reader.segment(id: change.segment)?.journal
                else { return false }
                return numbers.contains { $0.contains(change.offset, of: journal) }
            }
        } else {
            var segments: Set<Int64> = []
            var count: Int64 = 0
            let bundles = try reader.bundles(named: bundle)
            for row in bundles {
                for segment in try reader.segments(ofBundle: row.id) {
                    segments.insert(segment.id)
                    count += segment.last - segment.first + 1
                }
            }
            try collect(reader, from: bundles.first?.at ?? 0, count: count) { segments.contains($0.segment) }
        }
        changes.sort { ($0.rid, $0.csn) < ($1.rid, $1.csn) }
    }

    /// Goes through the log from the time on at which the first was merged, until all are found; from its beginning, if the
    /// clock was set back since.
    private mutating func collect(
        _ reader: any CentralReader, from time: Int64, count: Int64, _ isWanted: (LoggedChange) throws -> Bool
    ) throws {
        guard count > 0 else { return }
        for start in [try reader.lastChange(at: time - 1), 0] {
            changes = []
            var missing = count
            try reader.changes(after: start) { change in
                guard try isWanted(change) else { return true }
                if let rid = change.rid { changes.append((rid, change.csn)) }
                missing -= 1
                return missing > 0
            }
            if missing == 0 { return }
        }
    }
}

/// The keys of the commits of an undo: `nightdrop:undo:000001:1`, `:2` …
enum UndoKey {
    static func name(_ number: Int64) -> String {
        let digits = String(number)
        return "undo-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// The number of an undo's name; nil for any other text.
    static func number(_ name: String) -> Int64? {
        name.hasPrefix("undo-") ? Int64(name.dropFirst("undo-".count)) : nil
    }

    static func key(_ number: Int64, part: Int) -> String {
        "\(DecisionKey.reserved)undo:\(name(number).dropFirst("undo-".count)):\(part)"
    }

    /// The numbers of an undo's operations in head office's own journals, by part.
    static func numbers(of undo: Int64, _ reader: any CentralReader) throws -> [OwnNumbers] {
        var parts: [OwnNumbers] = []
        while let part = try reader.ownNumbers(ofKey: key(undo, part: parts.count + 1)) { parts.append(part) }
        return parts
    }
}

/// Operations that were undone, and those that undo: together they change nothing.
struct UndonePast {
    private var bundles: Set<Int64> = []
    private var own: [OwnNumbers] = []

    init(_ reader: any CentralReader) throws {
        let undos = try reader.undos()
        for undo in undos {
            own += try UndoKey.numbers(of: undo.number, reader)
            guard undo.undoes == nil, UndonePast.last(of: undo, undos).isUndone else { continue }
            for bundle in try reader.bundles(named: undo.bundle) { bundles.insert(bundle.id) }
        }
    }

    /// Whether an operation is one of them.
    func holds(_ found: OperationSource.Found) -> Bool {
        if found.journal.isCentral { return own.contains { $0.contains(found.operation.seq, of: found.journal.code) } }
        return found.segment.bundle.map { bundles.contains($0) } ?? false
    }

    /// What was undone may have been put back and taken back any number of times: the last undo of such a row, and whether
    /// all this is undone by it.
    static func last(of first: UndoRow, _ undos: [UndoRow]) -> (undo: UndoRow, isUndone: Bool) {
        var last = first
        var isUndone = true
        while let next = undos.first(where: { $0.undoes == last.number }) {
            last = next
            isUndone.toggle()
        }
        return (last, isUndone)
    }
}
