import NightdropFormats
import NightdropModel

/// Comparing and combining field values, which are JSON texts.
public enum Values {
    /// Whether both mean the same: numbers by value, texts by their characters, everything else member by member.
    public static func areEqual(_ left: Bytes, _ right: Bytes) -> Bool {
        if left.equals(right) { return true }
        guard let a = left.first, let b = right.first else { return false }
        if isNumber(a) && isNumber(b) {
            guard let x = ExactDecimal(json: left), let y = ExactDecimal(json: right) else { return false }
            return x == y
        }
        guard a == b, a == UInt8(ascii: "\"") || a == UInt8(ascii: "{") || a == UInt8(ascii: "["),
            let x = try? JSONValue.parse(left), let y = try? JSONValue.parse(right)
        else { return false }
        return areEqual(x, y)
    }

    /// The larger or the smaller of two values: numbers by value, texts by their characters; `right` where they cannot be
    /// compared and `left` is no such value.
    public static func isLess(_ left: Bytes, _ right: Bytes) -> Bool {
        if let x = ExactDecimal(json: left), let y = ExactDecimal(json: right) { return x < y }
        let (a, b) = (rank(left), rank(right))
        if a != b { return a < b }
        return text(left) < text(right)
    }

    /// The elements of both lists, each once, in an order that does not depend on which list came first. A value that is
    /// no list counts as a list of one.
    public static func union(_ left: Bytes, _ right: Bytes) -> [UInt8] {
        var elements: [JSONValue] = []
        for list in [left, right] {
            guard let value = try? JSONValue.parse(list), !value.isNull else { continue }
            for element in value.elements ?? [value] where !elements.contains(where: { areEqual($0, element) }) {
                elements.append(element)
            }
        }
        elements.sort { $0.compact < $1.compact }
        return JSONValue.array(elements).bytes
    }

    private static func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)):
            if a == b { return true }
            guard let x = ExactDecimal(a), let y = ExactDecimal(b) else { return false }
            return x == y
        case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy(areEqual)
        case (.object(let a), .object(let b)):
            return a.count == b.count
                && a.allSatisfy { member in right[member.name].map { areEqual(member.value, $0) } ?? false }
        default: return left == right
        }
    }

    private static func isNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || (48...57).contains(byte) }

    private static func rank(_ value: Bytes) -> Int {
        switch value.first {
        case UInt8(ascii: "n"): 0
        case UInt8(ascii: "\""): 2
        case let first? where isNumber(first): 1
        default: 3
        }
    }

    private static func text(_ value: Bytes) -> String {
        value.first == UInt8(ascii: "\"") && value.count >= 2
            ? JSONString.unescaped(Bytes(rebasing: value[1..<(value.count - 1)])) : value.text
    }
}
