import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

/// Reads all segments as they came: each must hash to what the store says, follow the one before, and together they must give
/// the control totals that journals and days show.
struct ArchiveCheck {
    private let reader: any CentralReader
    private let fileSystem: any FileSystem
    private let directory: String
    private let journals: [Int32: JournalRow]
    private var decoder = SegmentDecoder()
    private var days: [DayKey: [DayRow]] = [:]
    /// What the segments say of each close, with the store's numbers of the segments.
    private var closes: [DayKey: [Close]] = [:]
    /// The journal whose segments are being read, and what they have added up to.
    private var sum: (journal: JournalRow, totals: ControlTotals, sinceClose: SinceClose, hash: ContentHash)?

    private struct DayKey: Hashable, Comparable {
        let day: String
        let node: String

        func name(_ part: Int64) -> String { "\(day)\(part > 1 ? " (part \(part))" : "") of \(node)" }

        static func < (left: DayKey, right: DayKey) -> Bool { (left.day, left.node) < (right.day, right.node) }
    }

    private struct Close {
        let segment: Int64
        let said: DayClose
        let found: SinceClose

        var agrees: Bool { said.operations == found.operations && said.totals.agrees(with: found.totals) }

        /// Whether a day of the store shows exactly this.
        func isShown(by day: DayRow) -> Bool {
            said.totals.agrees(with: day.claimed) && found.totals.agrees(with: day.found) && agrees == day.agrees
                && said.operations == day.operations
        }
    }

    init(_ central: Central, _ reader: any CentralReader) throws {
        self.reader = reader
        fileSystem = central.fileSystem
        directory = central.directory.path
        journals = Dictionary(try reader.journals().map { ($0.code, $0) }) { first, _ in first }
        for day in try reader.days(through: nil) {
            days[DayKey(day: day.day, node: day.node.text), default: []].append(day)
        }
    }

    mutating func run(_ verification: inout StoreVerification, _ progress: (Double) -> Void) throws {
        let size = try reader.logSize()
        var done: Int64 = 0
        // The rows are few and small, beside what they point to; a statement that stays open reads one moment.
        try reader.segments { row in
            done += 1
            progress(Double(done) / Double(max(size.segments, 1)))
            guard let journal = journals[row.journal], !journal.isCentral else { return }
            if sum?.journal.code != journal.code {
                finish(&verification)
                sum = (journal, ControlTotals(), SinceClose(), .none)
            }
            do { try check(row, journal, &verification) } catch {
                verification.note(.init(.archive, "\(place(row)): \(NightdropError(error).message)"))
            }
        }
        finish(&verification)
        checkDays(&verification)
    }

    private func place(_ row: SegmentRow) -> String {
        "\(row.file ?? "?") from byte \(row.offset), segment \(row.number) of \(journals[row.journal]?.node.text ?? "?")"
    }

    private mutating func check(
        _ row: SegmentRow, _ journal: JournalRow, _ verification: inout StoreVerification
    ) throws {
        let file = try fileSystem.open(directory + "/" + (row.file ?? ""), .read)
        let decoded = try decoder.decode(file, row.offset..<(row.offset + row.length))
        verification.segments += 1
        guard decoded.hash == row.hash, decoded.header.journal == journal.journal, decoded.header.segment == row.number,
            decoded.header.first == row.first, decoded.trailer.last == row.last
        else {
            return verification.note(
                .init(.archive, "\(place(row)): it is not the segment that was merged, its hash or numbers differ"))
        }
        // What an interrupted merge has begun is not added up yet.
        guard row.number <= journal.segment, var sum else { return }
        if sum.hash != .none, decoded.header.previous != sum.hash {
            verification.note(.init(.archive, "\(place(row)): it does not follow the segment before"))
        }
        sum.hash = decoded.hash
        sum.totals = sum.totals.adding(decoded.totals)
        sum.sinceClose.operations += decoded.trailer.count
        sum.sinceClose.totals = sum.sinceClose.totals.adding(decoded.totals)
        if let close = decoded.trailer.close {
            let key = DayKey(day: close.day, node: journal.node.text)
            closes[key, default: []].append(Close(segment: row.id, said: close, found: sum.sinceClose))
            sum.sinceClose = SinceClose(day: close.day, part: close.part)
        }
        self.sum = sum
    }

    private func checkDays(_ verification: inout StoreVerification) {
        for key in Set(closes.keys).union(days.keys).sorted() {
            var shown = days[key] ?? []
            var missing: [Close] = []
            verification.days += Int64(shown.count)
            // A till's journals may have come in any order, so what is right may stand in any place.
            for close in (closes[key] ?? []).sorted(by: { $0.segment < $1.segment }) {
                if let index = shown.firstIndex(where: close.isShown) {
                    shown.remove(at: index)
                } else {
                    missing.append(close)
                }
            }
            for (day, close) in zip(shown, missing) { check(day, key, close, &verification) }
            for close in missing.dropFirst(shown.count) {
                verification.note(
                    .init(.day, "\(key.name(close.said.part)) was closed, but the store does not show it"))
            }
            for day in shown.dropFirst(missing.count) {
                verification.note(
                    .init(.day, "the store shows \(key.name(day.part)) as closed, but no segment held says so"))
            }
        }
    }

    private func check(_ day: DayRow, _ key: DayKey, _ close: Close, _ verification: inout StoreVerification) {
        let name = key.name(day.part)
        func note(_ what: String, _ expected: ControlTotals, _ shown: ControlTotals) {
            guard !expected.agrees(with: shown) else { return }
            var problem = StoreVerification.Problem(.day, "\(name): \(what)")
            problem.expected = expected.json.compact
            problem.found = shown.json.compact
            verification.note(problem)
        }
        note("the totals shown as the till's are not those of its close", close.said.totals, day.claimed)
        note("the totals shown as head office's are not those of the operations held", close.found.totals, day.found)
        if close.said.operations != day.operations {
            var problem = StoreVerification.Problem(.day, "\(name): the operations shown are not those of its close")
            problem.expected = String(close.said.operations)
            problem.found = String(day.operations)
            verification.note(problem)
        }
        if close.agrees != day.agrees {
            verification.note(
                .init(.day, "\(name) is shown as \(day.agrees ? "agreeing" : "not agreeing"), which is wrong"))
        }
    }

    /// What is known of the journal as a whole.
    private mutating func finish(_ verification: inout StoreVerification) {
        guard let sum else { return }
        self.sum = nil
        let name = "journal \(sum.journal.journal.short) of \(sum.journal.node)"
        if sum.hash != sum.journal.segmentHash && sum.journal.segment > 0 {
            verification.note(.init(.journal, "\(name) does not end with the segment that the store says"))
        }
        guard !sum.totals.agrees(with: sum.journal.totals) else { return }
        var problem = StoreVerification.Problem(.journal, "\(name): its totals are not those of the operations held")
        problem.expected = sum.totals.json.compact
        problem.found = sum.journal.totals.json.compact
        verification.note(problem)
    }
}
