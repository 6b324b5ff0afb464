import Nightdrop
import NightdropFormats
import NightdropModel

/// Records what differs between a CSV file and the present records.
struct CSVRecording {
    /// The most rows of a transaction.
    private static let rows = 1000
    /// The most text of a transaction, well below what a journal takes.
    private static let bytes = 4 << 20

    let node: Node
    let console: Console
    let entity: EntityPolicy
    let key: String
    let store: String?

    private struct Counts {
        var new = 0
        var changed = 0
        var unchanged = 0
    }

    private struct Pending {
        var drafts: [OperationDraft] = []
        var ids: Set<String> = []
        var bytes = 0
    }

    func run(_ lines: LineReader) throws {
        try lines.allowReadingAgain()
        try checkRepeats(CSVReader(lines))
        try lines.readAgain()
        try record(lines)
    }

    /// Two rows of one id that differ would change the record to and fro with every import.
    private func checkRepeats(_ csv: CSVReader) throws {
        let comparison = try comparison(csv)
        var rows = RepeatedRows()
        while let row = try csv.next() {
            let id = try located(csv) { try comparison.id(row) }
            guard let first = rows.note(id, row, line: csv.line) else { continue }
            throw csv.error(
                "\(comparison.columns[comparison.key]) \(id) stands on line \(first) already, with other values; leave one of "
                    + "the two. Nothing was recorded")
        }
    }

    private func comparison(_ csv: CSVReader) throws -> CSVComparison {
        guard let columns = try csv.next() else {
            throw csv.error("the file is empty; its first row names the columns")
        }
        return try located(csv) { try CSVComparison(entity, columns: columns, key: key, store: store) }
    }

    private func record(_ lines: LineReader) throws {
        let csv = CSVReader(lines)
        let bar = ProgressBar(console)
        var counts = Counts()
        var tally = Tally()
        do {
            defer { bar.finish() }
            let comparison = try comparison(csv)
            var pending = Pending()
            while let row = try csv.next() {
                let id = try located(csv) { try comparison.id(row) }
                // A row that stands there twice is compared with what the first one made of it.
                if pending.ids.contains(id) { try commit(&pending, &tally) }
                let record = try node.get(entity.name, id, store: store)
                if let draft = try located(csv, { try comparison.draft(row, record) }) {
                    if record == nil { counts.new += 1 } else { counts.changed += 1 }
                    pending.drafts.append(draft)
                    pending.ids.insert(id)
                    pending.bytes += row.reduce(256) { $0 + $1.utf8.count * 2 }
                } else {
                    counts.unchanged += 1
                }
                if pending.drafts.count == CSVRecording.rows || pending.bytes > CSVRecording.bytes {
                    try commit(&pending, &tally)
                }
                if let size = lines.size {
                    let rows = counts.new + counts.changed + counts.unchanged
                    bar.show(Double(lines.consumed) / Double(size), Words.count(rows, "row"))
                }
            }
            try commit(&pending, &tally)
        } catch {
            try console.out.flush()
            console.note(tally.durable)
            throw error
        }
        if console.isJSON {
            try console.out.json([
                "new": .integer(counts.new), "changed": .integer(counts.changed),
                "unchanged": .integer(counts.unchanged),
            ])
        }
        try console.say("\(entity.name): \(counts.new) new, \(counts.changed) changed, \(counts.unchanged) unchanged")
        try console.out.flush()
    }

    private func commit(_ pending: inout Pending, _ tally: inout Tally) throws {
        guard !pending.drafts.isEmpty else { return }
        let recorded = try node.record(pending.drafts)
        for fault in recorded.faults { console.note("recorded all the same: \(fault)") }
        tally.add(recorded)
        pending = Pending()
    }

    private func located<Result>(_ csv: CSVReader, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DraftError { throw csv.error("\(error)") }
    }
}
