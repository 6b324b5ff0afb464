import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// An operation of head office that a till brought back.
struct LostOperation {
    /// The journal of head office in which it stood.
    let journal: UniqueID
    let follows: JournalPosition?
    let line: [UInt8]
    let operation: ScannedOperation

    init(_ journal: UniqueID, follows: JournalPosition?, _ line: [UInt8]) throws(JSONError) {
        let scanned = line.withUnsafeBytes { line -> Result<ScannedOperation, JSONError> in
            do throws(JSONError) { return .success(try OperationScanner.scan(line, 0..<line.count)) } catch {
                return .failure(error)
            }
        }
        self.journal = journal
        self.follows = follows
        self.line = line
        operation = try scanned.get()
    }

    func string(_ range: ByteRange) -> String? {
        range.isPresent ? line.withUnsafeBytes { JSONString.unescaped($0[range]) } : nil
    }

    func fields(_ range: ByteRange) -> [Field] { line.withUnsafeBytes { FieldCursor.fields($0, range) } }
}

/// Lists head office's lost operations as conflicts, within a transaction: a value of a record that lives by its field,
/// anything else whole, as an operation that is held back. Each operation is looked at once, whoever brings it.
struct LostDesk {
    static let rule = "lost with head office's store"

    /// The conflicts that were added.
    private(set) var added: Int64 = 0
    private let central: Central
    private let writer: any CentralWriter
    private let csn: Int64
    private var journals: [UniqueID: (row: JournalRow, lines: OwnLines)] = [:]

    init(_ central: Central, _ writer: any CentralWriter) throws {
        self.central = central
        self.writer = writer
        csn = try writer.cursor().csn
    }

    mutating func take(_ lost: LostOperation) throws {
        let (row, lines) = try journal(of: lost)
        // After a restore that nobody told of, another operation may bear its number.
        if lost.operation.seq <= row.seq, (try? lines.line(lost.operation.seq)) == lost.line { return }
        guard try writer.noteLost(journal: row.code, seq: lost.operation.seq),
            let entity = lost.string(lost.operation.entity), let id = lost.string(lost.operation.id)
        else { return }
        let isPerStore = central.policy.entity(entity).scope == .store
        let store = isPerStore ? lost.string(lost.operation.store) ?? "" : ""
        let record = try writer.record(entity: entity, store: store, id: id)
        var conflict = ConflictRow(
            kind: ConflictKind.lost.rawValue, state: ConflictState.open.rawValue, entity: entity, store: store, id: id,
            node: central.settings.id.text, time: lost.operation.time.milliseconds, journal: row.code,
            seq: lost.operation.seq, csn: csn, rule: LostDesk.rule)
        conflict.by = lost.string(lost.operation.by)
        let known = try writer.lostConflicts(entity: entity, store: store, id: id)
        if let record, record.lives, !lost.operation.add.isPresent, lost.operation.action != .delete {
            for field in lost.fields(lost.operation.set) { try list(field, of: lost, record, conflict, known) }
        } else {
            try listWhole(lost, record, conflict, known)
        }
    }

    private mutating func journal(of lost: LostOperation) throws -> (row: JournalRow, lines: OwnLines) {
        if let known = journals[lost.journal] { return known }
        let author = RunAuthor(journal: lost.journal, node: central.settings.id, store: nil, isCentral: true)
        let row = try writer.journal(author, follows: lost.follows)
        let found = (row, OwnLines(central.ownLines(of: row)))
        journals[lost.journal] = found
        return found
    }

    /// The latest lost value of a field is what counts.
    private mutating func list(
        _ field: Field, of lost: LostOperation, _ record: RecordRow, _ template: ConflictRow, _ known: [ConflictRow]
    ) throws {
        let present = record.fields.first { $0.name == field.name }?.value.json
        let earlier = known.last { $0.field == field.name && $0.journal == template.journal }
        guard (earlier?.seq ?? 0) < template.seq else { return }
        let isSame = present.map { LostDesk.areEqual($0, field.value.json) } ?? false
        // One that a person has decided once stays what it was.
        let open = earlier.flatMap { $0.state == ConflictState.open.rawValue ? $0 : nil }
        guard !isSame || open != nil else { return }
        var conflict = template
        conflict.field = field.name
        conflict.base = open?.base ?? lost.fields(lost.operation.was).first { $0.name == field.name }?.value.json
        conflict.central = present
        conflict.incoming = field.value.json
        conflict.number = open?.number ?? 0
        if isSame {
            conflict.state = ConflictState.decided.rawValue
            conflict.decided = present
        }
        try writer.put(lost: conflict)
        if open == nil { added += 1 }
    }

    /// What cannot be told field by field: increments, deletes, and what is about a record that is not there.
    private mutating func listWhole(
        _ lost: LostOperation, _ record: RecordRow?, _ template: ConflictRow, _ known: [ConflictRow]
    ) throws {
        let operation = lost.operation
        let made = record == nil ? known.last { LostDesk.isOpenCreate($0) && $0.journal == template.journal } : nil
        if operation.action == .delete {
            // What was made and deleted in the lost stretch is gone either way.
            if var made {
                made.state = ConflictState.decided.rawValue
                try writer.put(lost: made)
            }
            guard record?.lives == true else { return }
        } else {
            // An operation of a person who left everything as it was.
            guard operation.set.isPresent || operation.add.isPresent || operation.action == .create else { return }
        }
        var conflict = template
        // Of no change: it may not be taken for one that was merged.
        conflict.csn = 0
        conflict.incoming = String(decoding: lost.line, as: UTF8.self)
        if let made, !operation.add.isPresent, let whole = LostDesk.joined(made, lost) {
            conflict.number = made.number
            conflict.incoming = whole
        }
        try writer.put(lost: conflict)
        if conflict.number == 0 { added += 1 }
    }

    private static func isOpenCreate(_ conflict: ConflictRow) -> Bool {
        conflict.state == ConflictState.open.rawValue && HeldOperation(conflict)?.action == .create
    }

    /// A create with what was changed in the record later.
    private static func joined(_ create: ConflictRow, _ change: LostOperation) -> String? {
        guard let members = create.incoming.flatMap({ try? JSONValue.parse($0) })?.members,
            let held = HeldOperation(create)
        else { return nil }
        let changed = change.fields(change.operation.set)
        let names = Set(changed.map(\.name))
        let fields = held.set.filter { !names.contains($0.name) } + changed
        let set = JSONValue.object(fields.map { .init($0.name, (try? JSONValue.parse($0.value.json)) ?? .null) })
        let isSet = members.contains { $0.name == "set" }
        return JSONValue.object(
            members.map { $0.name == "set" ? .init("set", set) : $0 } + (isSet ? [] : [.init("set", set)])
        ).compact
    }

    private static func areEqual(_ left: String, _ right: String) -> Bool {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { Values.areEqual(left, $0) }
        }
    }
}
