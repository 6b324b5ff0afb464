import NightdropModel

/// A JSON value as a tree that keeps the order of members and numbers as written. For headers, manifests and answers; a
/// journal's operations never become trees.
public indirect enum JSONValue: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number, as written.
    case number(String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, in order.
    case object([Member])

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        /// The name.
        public let name: String
        /// The value.
        public let value: JSONValue

        /// A member.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// A whole number.
    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
    /// A string, or `null`.
    public static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    /// A whole number, or `null`.
    public static func optional(_ value: Int64?) -> JSONValue { value.map { .integer($0) } ?? .null }

    /// The value of a JSON text, which must hold nothing else.
    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        var scanner = JSONScanner(bytes)
        scanner.skipSpace()
        let value = try scanner.tree(levels: Limits.jsonLevels)
        scanner.skipSpace()
        guard scanner.position == scanner.end else { throw scanner.unexpected("something behind the value") }
        return value
    }

    /// The value of a JSON text, which must hold nothing else.
    public static func parse(_ text: String) throws(JSONError) -> JSONValue { try parse(Array(text.utf8)) }

    /// The value of a JSON text, which must hold nothing else.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { buffer in
            do throws(JSONError) { return .success(try parse(buffer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The member of an object; nil where there is none or this is no object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The member of that name as `read` takes it, `.some(nil)` where it is null; nil where it is missing or wrong.
    public func nullable<Value>(_ name: String, _ read: (JSONValue) -> Value?) -> Value?? {
        guard let member = self[name] else { return nil }
        if member.isNull { return .some(nil) }
        return read(member).map { .some($0) }
    }

    /// The elements of the array of that name as `read` takes them; nil where it is missing or one of them is wrong.
    public func all<Value>(_ name: String, _ read: (JSONValue) -> Value?) -> [Value]? {
        guard let elements = self[name]?.elements else { return nil }
        let values = elements.compactMap(read)
        return values.count == elements.count ? values : nil
    }

    /// The text of a string.
    public var text: String? { if case .string(let text) = self { text } else { nil } }
    /// A whole number.
    public var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
    /// A number.
    public var decimal: ExactDecimal? { if case .number(let text) = self { ExactDecimal(text) } else { nil } }
    /// A truth value.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements of an array.
    public var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The members of an object.
    public var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    /// Whether it is `null`.
    public var isNull: Bool { self == .null }

    /// Compact JSON, without spaces.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    /// Compact JSON, without spaces.
    public var compact: String { String(decoding: bytes, as: UTF8.self) }

    /// Appends compact JSON.
    public func append(to out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let text): out.append(contentsOf: text.utf8)
        case .string(let text): JSONString.append(text, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONString.append(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.append(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object, in the order given.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension JSONScanner {
    fileprivate mutating func tree(levels: Int) throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "\""): return .string(JSONString.unescaped(bytes[try string()]))
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            var names: Set<[UInt8]> = []
            try self.members(levels: levels) { (name, scanner: inout JSONScanner) throws(JSONError) in
                let name = JSONString.unescaped(scanner.bytes[name])
                guard names.insert(Array(name.utf8)).inserted else {
                    throw scanner.unexpected("the key \"\(name)\" stands twice")
                }
                members.append(JSONValue.Member(name, try scanner.tree(levels: levels - 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            guard levels > 0 else { throw unexpected("nested too deeply") }
            position += 1
            var elements: [JSONValue] = []
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            while true {
                elements.append(try tree(levels: levels - 1))
                skipSpace()
                if take(UInt8(ascii: "]")) { return .array(elements) }
                try expect(UInt8(ascii: ","))
                skipSpace()
            }
        default:
            let range = try value(levels: levels)
            switch bytes[Int(range.start)] {
            case UInt8(ascii: "t"): return .bool(true)
            case UInt8(ascii: "f"): return .bool(false)
            case UInt8(ascii: "n"): return .null
            default: return .number(bytes[range].text)
            }
        }
    }
}
