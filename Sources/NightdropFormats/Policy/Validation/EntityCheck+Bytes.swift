import NightdropModel

extension EntityCheck {
    /// Whether a till's operation breaks no rule, besides those about who may write the entity at all: the judgement of
    /// `violations(…, at: .merging)`, without a copy of anything that is plainly right.
    public func allows(_ operation: ScannedOperation, in text: UnsafeRawBufferPointer) -> Bool {
        if rules.immutable && operation.action != .create { return false }
        guard !table.isEmpty else { return true }
        var missing = operation.action == .create ? table.requiredCount : 0
        var cursor = FieldCursor(text, operation.set)
        while let member = cursor.next() {
            guard let index = table.index(of: text[member.name]) else { continue }
            guard table.allows(index, text[member.value]) else { return false }
            if table.isRequired(index) { missing -= 1 }
        }
        guard operation.add.isPresent || missing > 0 else { return true }
        cursor = FieldCursor(text, operation.add)
        while let member = cursor.next() {
            guard let index = table.index(of: text[member.name]) else { continue }
            guard table.allows(index, increment: text[member.value]) else { return false }
            if table.isRequired(index) { missing -= 1 }
        }
        return missing <= 0
    }

    /// Whether a create must give the field, whose name is as written in operations.
    public func requires(_ field: UnsafeRawBufferPointer) -> Bool {
        table.index(of: field).map { table.isRequired($0) } ?? false
    }

    /// The rules that a till's operation breaks, besides those about who may write the entity at all.
    public func violations(of operation: ScannedOperation, in text: UnsafeRawBufferPointer) -> [Violation] {
        violations(
            of: operation.action, set: FieldCursor.fields(text, operation.set),
            add: FieldCursor.fields(text, operation.add), by: .terminal, at: .merging
        ).filter { $0.field != nil || $0.kind != .permission }
    }
}

/// The checked fields of an entity, found by their names as they stand in operations.
struct FieldTable: Sendable {
    private struct Entry: Sendable {
        let start: Int
        let count: Int
        let check: FieldCheck
        let shape: PlainShape
        let isRequired: Bool
        let isForbidden: Bool
    }

    private var names: [UInt8] = []
    private var entries: ContiguousArray<Entry> = []
    /// How many fields a create must give.
    let requiredCount: Int

    init(_ checks: [FieldCheck]) {
        requiredCount = checks.count { $0.rules.required }
        for check in checks {
            let start = names.count
            names += JSONString.inside(check.rules.name)
            entries.append(
                Entry(
                    start: start, count: names.count - start, check: check, shape: PlainShape(check),
                    isRequired: check.rules.required, isForbidden: check.rules.writers == .central))
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    func index(of name: UnsafeRawBufferPointer) -> Int? {
        names.withUnsafeBytes { names in
            for index in entries.indices where entries[index].count == name.count {
                let start = entries[index].start
                if UnsafeRawBufferPointer(rebasing: names[start..<(start + name.count)]).equals(name) { return index }
            }
            return nil
        }
    }

    func isRequired(_ index: Int) -> Bool { entries[index].isRequired }

    func allows(_ index: Int, _ value: UnsafeRawBufferPointer) -> Bool {
        if entries[index].isForbidden { return false }
        return entries[index].shape.holds(value)
            || entries[index].check.problem(PlainValue(value), at: .merging) == nil
    }

    func allows(_ index: Int, increment value: UnsafeRawBufferPointer) -> Bool {
        if entries[index].isForbidden { return false }
        return PlainShape.number(isWhole: true, isNegative: true).holds(value)
            || entries[index].check.problem(increment: PlainValue(value), at: .merging) == nil
    }
}

/// What most values look like that a field allows: enough to see that they are right, never that they are wrong.
enum PlainShape: Sendable {
    /// Whatever is not `null`.
    case anything
    /// A text of at most so many bytes.
    case text(Int)
    case boolean
    /// Digits, with a point unless it must be whole, with a sign if it may be negative.
    case number(isWhole: Bool, isNegative: Bool)
    case unknown

    init(_ check: FieldCheck) {
        let rules = check.rules
        let isCounter = rules.merge == .counter
        let min = isCounter ? nil : rules.min
        if rules.oneOf != nil || rules.pattern != nil || rules.merge == .union || (rules.max != nil && !isCounter) {
            self = .unknown
        } else if check.types.isEmpty {
            self = .anything
        } else if check.types == [.text] {
            self = .text(rules.maxLength ?? .max)
        } else if check.types == [.boolean] {
            self = .boolean
        } else if check.types.allSatisfy({ $0 == .integer || $0 == .decimal }), min.map({ $0 <= .zero }) ?? true {
            self = .number(isWhole: check.types == [.integer], isNegative: min == nil)
        } else {
            self = .unknown
        }
    }

    func holds(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let first = value.first else { return false }
        switch self {
        case .anything: return first != UInt8(ascii: "n")
        case .text(let limit): return first == UInt8(ascii: "\"") && value.count - 2 <= limit
        case .boolean: return first == UInt8(ascii: "t") || first == UInt8(ascii: "f")
        case .unknown: return false
        case .number(let isWhole, let isNegative):
            guard value.count <= Limits.decimalDigits, isNegative || first != UInt8(ascii: "-") else { return false }
            return value.allSatisfy { byte in
                byte &- 48 <= 9 || (byte == UInt8(ascii: ".") && !isWhole) || byte == UInt8(ascii: "-")
            }
        }
    }
}
