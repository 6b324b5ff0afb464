import NightdropFormats
import NightdropModel

extension FieldValue {
    /// For people: a text without its quotes, anything else as JSON.
    var plain: String { JSONValue(self).text ?? json }
}

extension JSONValue {
    /// The value of a field.
    init(_ value: FieldValue) { self = JSONValue(json: value.json) }

    /// The value of a JSON text from the store, which has been checked when it came in.
    init(json text: String) { self = (try? JSONValue.parse(text)) ?? .string(text) }

    /// The value of a JSON text, or `null`.
    init(json text: String?) { self = text.map { JSONValue(json: $0) } ?? .null }

    /// Fields as an object.
    init(_ fields: [Field]) { self = .object(fields.map { Member($0.name, JSONValue($0.value)) }) }

    /// A time, or `null`.
    static func time(_ milliseconds: Int64?) -> JSONValue {
        .optional(milliseconds.map { Timestamp.text(milliseconds: $0) })
    }

    /// For people: a text without its quotes, anything else as JSON.
    var plain: String { text ?? compact }
}

/// Words for people.
enum Words {
    /// `1 operation`, `2 operations`.
    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }

    /// A time to the second, `2026-11-20 17:59:03 UTC`; `never` for 0 and nil.
    static func time(_ milliseconds: Int64?) -> String {
        guard let milliseconds, milliseconds > 0 else { return "never" }
        let text = Timestamp.text(milliseconds: milliseconds)
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }

    /// `sale: 12 made, sum 341.20; payment: 12 made, sum 341.20`.
    static func totals(_ totals: ControlTotals) -> String {
        let parts = totals.entries.sorted { $0.key < $1.key }.map { name, entry in
            "\(name): \(entry.creates) made" + (entry.sum.map { ", sum \($0)" } ?? "")
        }
        return parts.isEmpty ? "nothing" : parts.joined(separator: "; ")
    }
}
