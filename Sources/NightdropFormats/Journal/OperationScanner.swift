import NightdropModel

/// Reads operation lines. Every byte is checked: what passes is JSON, holds the keys of an operation and no others, and
/// names its fields once and in the one canonical spelling.
public enum OperationScanner {
    /// The envelope of the line that stands at `range`, newline not included.
    public static func scan(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(JSONError) -> ScannedOperation
    {
        guard range.count <= Limits.operationBytes else {
            throw JSONError(offset: range.lowerBound, reason: "an operation longer than 1 MiB")
        }
        var operation = ScannedOperation()
        operation.line = ByteRange(range.lowerBound, range.upperBound)
        var seen: UInt32 = 0
        var scanner = JSONScanner(buffer, from: range.lowerBound, to: range.upperBound)
        try scanner.members { (name, scanner: inout JSONScanner) throws(JSONError) in
            let key = Key(scanner.bytes[name])
            guard key != .unknown else {
                throw JSONError(offset: Int(name.start), reason: "an operation has no key \"\(buffer[name].text)\"")
            }
            guard seen & key.bit == 0 else {
                throw JSONError(offset: Int(name.start), reason: "the key \"\(buffer[name].text)\" stands twice")
            }
            seen |= key.bit
            try scanner.read(key, into: &operation)
        }
        guard scanner.position == scanner.end else { throw scanner.unexpected("something behind the operation") }
        let missing = Key.needed & ~seen
        guard missing == 0 else {
            let names = Key.allCases.filter { missing & $0.bit != 0 }.map { "\"\($0)\"" }
            throw scanner.unexpected("the operation lacks \(names.joined(separator: ", "))")
        }
        return operation
    }

    fileprivate enum Key: UInt8, CaseIterable {
        case seq, at, lc, entity, id, action, base, store, set, was, add, tx, key, by, unknown

        static let needed: UInt32 = Key.seq.bit | Key.at.bit | Key.entity.bit | Key.id.bit | Key.action.bit

        var bit: UInt32 { 1 << UInt32(rawValue) }

        /// Told apart by their letters, as one number.
        init(_ name: UnsafeRawBufferPointer) {
            var letters: UInt64 = 0
            if name.count <= 6 { for index in 0..<name.count { letters = letters << 8 | UInt64(name[index]) } }
            self =
                switch letters {
                case 0x73_65_71: .seq
                case 0x61_74: .at
                case 0x6C_63: .lc
                case 0x65_6E_74_69_74_79: .entity
                case 0x69_64: .id
                case 0x61_63_74_69_6F_6E: .action
                case 0x62_61_73_65: .base
                case 0x73_74_6F_72_65: .store
                case 0x73_65_74: .set
                case 0x77_61_73: .was
                case 0x61_64_64: .add
                case 0x74_78: .tx
                case 0x6B_65_79: .key
                case 0x62_79: .by
                default: .unknown
                }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are those of a literal.
    func matches(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != literal.utf8Start[index] { return false }
        return true
    }
}

extension JSONScanner {
    fileprivate mutating func read(
        _ key: OperationScanner.Key, into operation: inout ScannedOperation
    ) throws(JSONError) {
        switch key {
        case .seq:
            operation.seq = try integer()
            guard operation.seq > 0 else { throw unexpected("seq begins at 1") }
        case .at:
            let range = try string()
            guard let milliseconds = Timestamp.milliseconds(bytes[range]) else {
                throw unexpected("\"at\" is no time like 2026-11-20T17:59:03.123Z")
            }
            operation.time.milliseconds = milliseconds
        case .lc:
            let counter = try integer()
            guard (0...Int64(UInt32.max)).contains(counter) else { throw unexpected("\"lc\" is out of range") }
            operation.time.counter = UInt32(counter)
        case .entity:
            operation.entity = try string()
            guard EntityName.isValid(bytes[operation.entity]) else { throw unexpected("not a name of an entity") }
        case .id: operation.id = try name("an id")
        case .action: operation.action = try action()
        case .base:
            operation.base = try integer()
            guard operation.base >= 0 else { throw unexpected("\"base\" is below 0") }
        case .store:
            operation.store = try string()
            guard NodeID(bytes[operation.store].text) != nil else { throw unexpected("not the id of a store") }
        case .set:
            let (range, count) = try fields()
            operation.set = range
            operation.setCount = count
        case .was: operation.was = try fields().range
        case .add: operation.add = try fields().range
        case .tx: try transaction(into: &operation)
        case .key: operation.key = try name("a key")
        case .by: operation.by = try string()
        case .unknown: throw unexpected("an unknown key")
        }
    }

    private mutating func action() throws(JSONError) -> Action {
        let range = try string()
        let word = bytes[range]
        if word.matches("update") { return .update }
        if word.matches("create") { return .create }
        if word.matches("delete") { return .delete }
        throw unexpected("an unknown action")
    }

    private mutating func transaction(into operation: inout ScannedOperation) throws(JSONError) {
        try expect(UInt8(ascii: "["))
        operation.transactionFirst = try integer()
        try expect(UInt8(ascii: ","))
        let count = try integer()
        try expect(UInt8(ascii: "]"))
        guard (1...Int64(Limits.transactionOperations)).contains(count), operation.transactionFirst > 0 else {
            throw unexpected("\"tx\" is out of range")
        }
        operation.transactionCount = Int32(count)
    }

    /// A string of 1 to 256 bytes in the one spelling, so that equal texts are equal bytes.
    private mutating func name(_ what: String) throws(JSONError) -> ByteRange {
        let range = try string()
        guard range.count > 0, JSONString.isCanonical(bytes[range]) else {
            throw unexpected("\(what) is empty or not written in the shortest way")
        }
        // An escape is longer than what it stands for, so only a name with escapes can be shorter than it looks.
        guard range.count <= Limits.nameBytes || JSONString.unescaped(bytes[range]).utf8.count <= Limits.nameBytes
        else {
            throw unexpected("\(what) is longer than 256 bytes")
        }
        return range
    }

    /// An object whose members are named once each.
    private mutating func fields() throws(JSONError) -> (range: ByteRange, count: Int32) {
        let start = position
        var names: InlineArray<16, ByteRange> = .init(repeating: .absent)
        var many: Set<String> = []
        var count = 0
        guard take(UInt8(ascii: "{")) else { throw unexpected("expected an object of fields") }
        skipSpace()
        if take(UInt8(ascii: "}")) { return (ByteRange(start, position), 0) }
        while true {
            let field = try name("a field's name")
            if count < 16 {
                for index in 0..<count where bytes[names[index]].equals(bytes[field]) {
                    throw unexpected("the field \"\(bytes[field].text)\" stands twice")
                }
                names[count] = field
            } else {
                if count == 16 {
                    for index in 0..<16 { many.insert(bytes[names[index]].text) }
                }
                guard many.insert(bytes[field].text).inserted else {
                    throw unexpected("the field \"\(bytes[field].text)\" stands twice")
                }
            }
            count += 1
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            _ = try value(levels: Limits.jsonLevels - 2)
            skipSpace()
            if take(UInt8(ascii: "}")) { return (ByteRange(start, position), Int32(truncatingIfNeeded: count)) }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }
}
