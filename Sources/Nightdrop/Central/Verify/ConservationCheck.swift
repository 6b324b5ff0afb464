import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Goes through all operations in the order in which they were merged. Each journal's must be there, each once; and what they
/// add to a counter must be what its record shows.
struct ConservationCheck {
    /// A field that is a counter.
    private struct Counter {
        let entity: String
        let field: String
        /// Both as they are written in operations.
        let entityBytes: [UInt8]
        let fieldBytes: [UInt8]
        /// Records up to this number are older than the field's being a counter.
        let since: Int64
    }

    private let central: Central
    private let reader: any CentralReader
    private let source: OperationSource
    private let past: MergePast
    private let ledger: any CounterLedger
    private let counters: [Counter]
    /// The operations that were kept and not applied.
    private let held: Set<Int64>
    /// By journal, the last operation seen and how many.
    private var seen: [Int32: (seq: Int64, count: Int64)] = [:]

    init(_ central: Central, _ reader: any CentralReader) throws {
        self.central = central
        self.reader = reader
        source = try OperationSource(central, reader)
        past = MergePast(central, reader)
        ledger = try reader.ledger()
        var held: Set<Int64> = []
        try reader.conflicts(ConflictFilter(all: true)) { if HeldOperation($0) != nil { held.insert($0.csn) } }
        self.held = held
        counters = try central.policy.entities.flatMap { entity in
            try entity.fields.filter { $0.merge == .counter }.map { field in
                Counter(
                    entity: entity.name, field: field.name, entityBytes: Array(entity.name.utf8),
                    fieldBytes: Array(JSONString.quoted(field.name).utf8.dropFirst().dropLast()),
                    since: try reader.records(beforeCounter: field.name, of: entity.name))
            }
        }
    }

    mutating func run(_ verification: inout StoreVerification, _ progress: (Double) -> Void) throws {
        let size = try reader.logSize().changes
        try reader.changes { change, isFirst in
            verification.changes += 1
            if verification.changes % 4096 == 0 { progress(Double(verification.changes) / Double(max(size, 1))) }
            do { try take(change, isFirst, &verification) } catch {
                verification.note(.init(.archive, "change \(change.csn): \(NightdropError(error).message)"))
            }
        }
        try checkJournals(&verification)
        for index in counters.indices { try checkBalances(index, &verification) }
    }

    private mutating func take(
        _ change: LoggedChange, _ isFirst: Bool, _ verification: inout StoreVerification
    ) throws {
        let found = try source.operation(of: change)
        let code = found.journal.code
        let before = seen[code]
        if let before, found.operation.seq != before.seq + 1 {
            verification.note(
                .init(
                    .journal,
                    "change \(change.csn) is operation \(found.operation.seq) of \(found.journal.node), after \(before.seq)"
                ))
        }
        seen[code] = (found.operation.seq, (before?.count ?? 0) + 1)
        guard let rid = change.rid, !held.contains(change.csn) else { return }
        let buffer = found.text.buffer
        let entity = buffer[found.operation.entity]
        for (index, counter) in counters.enumerated()
        where counter.since < rid && counter.entityBytes.withUnsafeBytes({ $0.equals(entity) }) {
            for amount in ConservationCheck.amounts(of: counter.fieldBytes, found.operation, buffer, isFirst) {
                try ledger.add(amount, to: index, of: rid)
            }
        }
    }

    /// What an operation adds to a counter: increments, the value with which a record begins, and a value that is set as the
    /// difference from the one before.
    private static func amounts(
        of field: [UInt8], _ operation: ScannedOperation, _ buffer: UnsafeRawBufferPointer, _ isFirst: Bool
    ) -> [ExactDecimal] {
        // A delete says nothing but that; one of a record that was unknown has made it.
        guard isFirst || operation.action != .delete else { return [] }
        func number(_ object: ByteRange) -> ExactDecimal? {
            let value = field.withUnsafeBytes { FieldCursor.value($0, in: buffer, object) }
            return value.isPresent ? ExactDecimal(json: buffer[value]) : nil
        }
        var amounts: [ExactDecimal] = []
        if let value = number(operation.set) {
            if isFirst {
                amounts.append(value)
            } else if let before = number(operation.was), let difference = value.subtracting(before) {
                amounts.append(difference)
            }
        }
        if let increment = number(operation.add) { amounts.append(increment) }
        return amounts
    }

    private func checkJournals(_ verification: inout StoreVerification) throws {
        for journal in try reader.journals() {
            let (seq, count) = seen[journal.code] ?? (0, 0)
            guard seq != journal.seq || count != journal.operations else { continue }
            var problem = StoreVerification.Problem(
                .journal,
                "journal \(journal.journal.short) of \(journal.node): the store says that it holds \(journal.operations) operations up to \(journal.seq), the change log has \(count) up to \(seq)"
            )
            problem.expected = String(count)
            problem.found = String(journal.operations)
            verification.note(problem)
        }
    }

    private func checkBalances(_ index: Int, _ verification: inout StoreVerification) throws {
        let counter = counters[index]
        try reader.balances(entity: counter.entity) { record in
            guard record.rid > counter.since else { return verification.unproven += 1 }
            verification.counters += 1
            let stored = record.fields.first { $0.name == counter.field }?.value ?? .null
            let expected = try ledger.sum(index, of: record.rid)
            let found = stored == .null ? ExactDecimal.zero : stored.decimal
            guard found != expected, try !isExplained(record, counter) else { return }
            let shop = record.store.isEmpty ? "" : " of \(record.store)"
            var problem = StoreVerification.Problem(
                .counter,
                "\(record.entity) \(record.id)\(shop): \(counter.field) is \(stored.json), its operations add up to \(expected)"
            )
            problem.entity = record.entity
            problem.store = record.store.isEmpty ? nil : record.store
            problem.id = record.id
            problem.field = counter.field
            problem.expected = expected.text
            problem.found = stored.json
            verification.note(problem)
        }
    }

    /// A value that could not be added, or broke a rule, was not accepted, and a conflict says so: then the merge itself has
    /// to come to the same end.
    private func isExplained(_ record: RecordRow, _ counter: Counter) throws -> Bool {
        let kinds = [ConflictKind.validation, .permission, .constraint].map(\.rawValue)
        let isNoted = try reader.conflicts(rid: record.rid).contains {
            kinds.contains($0.kind) && $0.field == counter.field
        }
        guard isNoted else { return false }
        var replay = RecordReplay(authors: try reader.mergeAuthors())
        for change in try reader.chain(rid: record.rid) {
            _ = replay.apply(
                try source.operation(of: change), csn: change.csn, try past.moment(of: change.csn))
        }
        return !replay.differences(from: record).contains(counter.field)
    }
}
