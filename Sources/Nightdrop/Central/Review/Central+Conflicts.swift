import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// Hands on conflicts, by number: all, or those that wait for a person.
    public func conflicts(all: Bool = false, _ body: (ConflictRow) throws -> Void) throws {
        try conflicts(ConflictFilter(all: all), body)
    }

    /// Hands on the conflicts that a filter lets through, by number.
    public func conflicts(_ filter: ConflictFilter, _ body: (ConflictRow) throws -> Void) throws {
        try store.read { try $0.conflicts(filter, body) }
    }

    /// One conflict; nil if there is none of that number.
    public func conflict(_ number: Int64) throws -> ConflictRow? { try store.read { try $0.conflict(number) } }

    /// A conflict as lists, plans and logs may show it: without the values of fields that the policy calls sensitive.
    public func hidingSensitive(_ conflict: ConflictRow) -> ConflictRow {
        conflict.hidingSensitive(policy.entity(conflict.entity))
    }

    /// What stands now in the place that a conflict is about; nil where it is about the whole record, or there is none.
    public func present(_ conflict: ConflictRow) throws -> PresentValue? {
        try store.read { try $0.present(conflict) }
    }

    /// The decisions of people about a conflict, first to last, from head office's own journal.
    public func decisions(_ conflict: ConflictRow) throws -> [ConflictDecision] {
        try store.read { try decisions(conflict, $0) }
    }

    func decisions(_ conflict: ConflictRow, _ reader: any CentralReader) throws -> [ConflictDecision] {
        guard conflict.revision > 0 else { return [] }
        let journals = try reader.journals()
        return try (1...conflict.revision).compactMap { revision in
            let key = DecisionKey.key(conflict: conflict.number, revision: revision)
            guard let numbers = try reader.ownNumbers(ofKey: key),
                let journal = journals.first(where: { $0.code == numbers.journal })
            else { return nil }
            return try ConflictDecision(revision, ownLines(of: journal).line(seq: numbers.range.lowerBound))
        }
    }
}

/// A decision of a person about a conflict: an operation of head office.
public struct ConflictDecision: Sendable {
    /// Which decision about the conflict, from 1.
    public let revision: Int64
    /// Its number in head office's own journal.
    public let seq: Int64
    /// When, in milliseconds since 1970.
    public let at: Int64
    /// Who decided.
    public let by: String?
    /// The id of the record that it changed.
    public let id: String
    /// What it did.
    public let action: Action
    /// The fields that it set.
    public private(set) var set: [Field]
    /// The increments.
    public private(set) var add: [Field]

    /// Whether it changed anything, rather than leave everything as it was.
    public var changes: Bool { !set.isEmpty || !add.isEmpty }

    /// Without the values of fields that a policy calls sensitive.
    public func hidingSensitive(_ policy: EntityPolicy) -> ConflictDecision {
        var hidden = self
        hidden.set = Hidden.fields(set, policy)
        hidden.add = Hidden.fields(add, policy)
        return hidden
    }

    init(_ revision: Int64, _ line: [UInt8]) throws(JSONError) {
        let result = line.withUnsafeBytes { line -> Result<ConflictDecision, JSONError> in
            do throws(JSONError) { return .success(try ConflictDecision(revision, line)) } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private init(_ revision: Int64, _ line: UnsafeRawBufferPointer) throws(JSONError) {
        let operation = try OperationScanner.scan(line, 0..<line.count)
        self.revision = revision
        seq = operation.seq
        at = operation.time.milliseconds
        by = operation.by.isPresent ? JSONString.unescaped(line[operation.by]) : nil
        id = JSONString.unescaped(line[operation.id])
        action = operation.action
        set = FieldCursor.fields(line, operation.set)
        add = FieldCursor.fields(line, operation.add)
    }
}
