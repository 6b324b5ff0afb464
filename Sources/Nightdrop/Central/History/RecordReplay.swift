import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// A record as it is made by its operations, one after the other, through the very merge that made it at first, under the
/// policy of then.
struct RecordReplay {
    /// A field, and the change that gave it its value.
    struct FieldState: Sendable, Equatable {
        let name: String
        let value: FieldValue
        /// The change that gave it the value.
        let csn: Int64
        /// The code of the journal that did.
        let author: Int32
    }

    /// What an operation met that was not simply applied.
    struct Disagreement: Sendable {
        let kind: ConflictKind
        let state: ConflictState
        let field: String?
        /// Whether the operation's value stands.
        let hasWon: Bool
        /// Whether a value or an operation that breaks a rule was kept, and not applied.
        let isHeld: Bool
        /// Whether a program has made a third value of both.
        let isThird: Bool
    }

    /// Whether there is such a record, living or not.
    private(set) var exists = false
    /// Whether it lives.
    private(set) var lives = false
    /// The change that last said whether it lives, and the code of the journal that it came from.
    private(set) var life: (csn: Int64, author: Int32) = (0, 0)
    /// The fields.
    private(set) var fields: [FieldState] = []

    private let authors: [Int32: MergeAuthor]
    private var data: [UInt8] = []
    private var clocks: [UInt8] = []

    /// A record of which nothing is known.
    init(authors: [Int32: MergeAuthor]) { self.authors = authors }

    /// A field.
    func field(_ name: String) -> FieldState? { fields.first { $0.name == name } }

    /// The fields' values.
    var values: [Field] { fields.map { Field($0.name, $0.value) } }

    /// Merges an operation, which central merged as that change under those circumstances.
    mutating func apply(_ found: OperationSource.Found, csn: Int64, _ moment: MergePast.Moment) -> [Disagreement] {
        let batch = MergeBatch(policy: moment.validator.policy, validator: moment.validator, expecting: 1)
        let author = RunAuthor(
            journal: found.journal.journal, node: found.journal.node, store: found.journal.store,
            isCentral: found.journal.isCentral)
        batch.begin(author, text: found.text, segment: 0)
        batch.add(found.operation)
        var record = MergeRecord()
        if exists {
            record = MergeRecord(
                rid: 1, csn: csn - 1, lives: lives, data: batch.arena.copy(data), clocks: batch.arena.copy(clocks),
                hasConflicts: false)
        }
        // The change says which record was meant, whatever name the operation has for it: neither aliases nor free ids
        // are needed to find out.
        let context = MergeContext(
            firstCSN: csn, now: moment.at, authors: authors, runCodes: [found.journal.code], aliases: [])
        var merger = BatchMerger(
            batch: batch, records: [record], context: context, stored: [:], spareSlots: [:])
        merger.merge(asking: moment.answer)
        take(merger.records[0])
        return merger.conflicts.map { conflict in
            Disagreement(
                kind: conflict.kind, state: conflict.state,
                field: conflict.field.isEmpty ? nil : JSONString.unescaped(conflict.field),
                hasWon: conflict.state == .decided && Values.areEqual(conflict.decided, conflict.incoming),
                isHeld: (conflict.kind.isAboutOneSide || conflict.kind == .duplicate) && conflict.decided.isEmpty
                    && conflict.rule != MergeConflict.changedBeforeCreated,
                isThird: conflict.rule == MergeRule.hook.rawValue && !conflict.decided.isEmpty
                    && !Values.areEqual(conflict.decided, conflict.incoming)
                    && !Values.areEqual(conflict.decided, conflict.central))
        }
    }

    private mutating func take(_ merged: MergeRecord) {
        var merged = merged
        guard merged.exists, merged.isChanged else { return }
        merged.expand()
        exists = true
        lives = merged.lives
        life = (merged.lifeClock.csn, merged.lifeClock.author)
        fields = merged.fields.map {
            FieldState(
                name: JSONString.unescaped($0.name), value: FieldValue(checkedJSON: $0.value.text),
                csn: $0.clock.csn, author: $0.clock.author)
        }
        data.removeAll(keepingCapacity: true)
        merged.appendData(to: &data)
        clocks.removeAll(keepingCapacity: true)
        merged.appendClocks(to: &clocks)
    }

    /// In what the replay differs from the record as the store has it: names of fields, `nil` for whether it lives. Empty
    /// unless something was decided before the store kept policies and what programs said.
    func differences(from row: RecordRow) -> [String?] {
        var names: [String?] = []
        if lives != row.lives { names.append(nil) }
        for name in Set(fields.map(\.name)).union(row.fields.map(\.name)).sorted() {
            let stored = row.fields.first { $0.name == name }?.value
            guard let stored, let mine = field(name)?.value, FieldValue.areEqual(stored, mine) else {
                names.append(name)
                continue
            }
        }
        return names
    }
}

extension FieldValue {
    /// Whether both mean the same.
    static func areEqual(_ left: FieldValue, _ right: FieldValue) -> Bool {
        Array(left.json.utf8).withUnsafeBytes { left in
            Array(right.json.utf8).withUnsafeBytes { Values.areEqual(left, $0) }
        }
    }
}
