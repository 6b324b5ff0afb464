/// An exact decimal number of at most 34 digits with an exponent within ±99: `coefficient × 10^exponent`.
///
/// Money and stock never pass through a binary float. The scale is kept (`2.50` stays `2.50`), and comparison is by value.
public struct ExactDecimal: Sendable {
    /// Whether the number is below zero; never set for zero.
    public let isNegative: Bool
    /// The digits, without sign; below 10^34.
    public let coefficient: UInt128
    /// The power of ten.
    public let exponent: Int

    /// Zero.
    public static let zero = ExactDecimal(unchecked: 0, negative: false, exponent: 0)

    /// Nil outside the limits of digits and exponent.
    public init?(negative: Bool, coefficient: UInt128, exponent: Int) {
        guard coefficient < ExactDecimal.power(Limits.decimalDigits),
            abs(exponent) <= Limits.decimalExponent
        else { return nil }
        self.init(unchecked: coefficient, negative: negative, exponent: exponent)
    }

    /// A whole number.
    public init(_ value: Int64) {
        self.init(unchecked: UInt128(value.magnitude), negative: value < 0, exponent: 0)
    }

    /// A JSON number (RFC 8259), or nil if the text is none or outside the limits.
    public init?(_ text: String) {
        var text = text
        guard let value = text.withUTF8({ ExactDecimal(json: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// The bytes of a JSON number (RFC 8259), or nil if they are none or outside the limits.
    public init?(json bytes: UnsafeRawBufferPointer) {
        var index = 0
        let negative = bytes.first == UInt8(ascii: "-")
        if negative { index = 1 }
        var coefficient: UInt128 = 0
        var significant = 0
        var wholeDigits = 0
        var scale = 0
        func digit(_ byte: UInt8) -> UInt8? { byte &- 48 <= 9 ? byte &- 48 : nil }
        func take(_ digit: UInt8) -> Bool {
            if coefficient == 0 && digit == 0 { return true }
            significant += 1
            guard significant <= Limits.decimalDigits else { return false }
            coefficient = coefficient &* 10 &+ UInt128(digit)
            return true
        }
        let firstDigit = index < bytes.count ? bytes[index] : 0
        while index < bytes.count, let value = digit(bytes[index]) {
            guard take(value) else { return nil }
            wholeDigits += 1
            index += 1
        }
        guard wholeDigits > 0, wholeDigits == 1 || firstDigit != UInt8(ascii: "0") else { return nil }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            while index < bytes.count, let value = digit(bytes[index]) {
                guard take(value) else { return nil }
                scale += 1
                index += 1
            }
            guard scale > 0 else { return nil }
        }
        var power = 0
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            var down = false
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                down = bytes[index] == UInt8(ascii: "-")
                index += 1
            }
            let start = index
            while index < bytes.count, let value = digit(bytes[index]) {
                power = min(power * 10 + Int(value), 1_000_000)
                index += 1
            }
            guard index > start else { return nil }
            if down { power = -power }
        }
        guard index == bytes.count else { return nil }
        self.init(negative: negative, coefficient: coefficient, exponent: power - scale)
    }

    /// The sum, exact, with the finer scale of both; nil if it has more than 34 digits.
    public func adding(_ other: ExactDecimal) -> ExactDecimal? {
        sum(self, other) ?? sum(normalized, other.normalized)
    }

    /// The difference, exact; nil if it has more than 34 digits.
    public func subtracting(_ other: ExactDecimal) -> ExactDecimal? { adding(other.negated) }

    /// The number with the other sign.
    public var negated: ExactDecimal {
        ExactDecimal(unchecked: coefficient, negative: !isNegative, exponent: exponent)
    }

    /// The same value without trailing zeros.
    public var normalized: ExactDecimal {
        guard coefficient != 0 else { return .zero }
        var coefficient = coefficient
        var exponent = exponent
        while coefficient % 10 == 0 && exponent < Limits.decimalExponent {
            coefficient /= 10
            exponent += 1
        }
        return ExactDecimal(unchecked: coefficient, negative: isNegative, exponent: exponent)
    }

    /// A JSON number of the same value and scale.
    public var text: String {
        var digits = String(coefficient)
        if exponent > 0 {
            if coefficient == 0 {
                digits = "0"
            } else if digits.utf8.count + exponent <= Limits.decimalDigits {
                digits += String(repeating: "0", count: exponent)
            } else {
                digits += "e\(exponent)"
            }
        } else if exponent < 0 {
            let missing = 1 - exponent - digits.utf8.count
            if missing > 0 { digits = String(repeating: "0", count: missing) + digits }
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: exponent))
        }
        return isNegative ? "-" + digits : digits
    }

    private init(unchecked coefficient: UInt128, negative: Bool, exponent: Int) {
        self.coefficient = coefficient
        self.isNegative = negative && coefficient != 0
        self.exponent = exponent
    }

    private func sum(_ left: ExactDecimal, _ right: ExactDecimal) -> ExactDecimal? {
        let exponent = min(left.exponent, right.exponent)
        guard let a = left.scaled(to: exponent), let b = right.scaled(to: exponent) else { return nil }
        if left.isNegative == right.isNegative {
            return ExactDecimal(negative: left.isNegative, coefficient: a + b, exponent: exponent)
        }
        return a >= b
            ? ExactDecimal(negative: left.isNegative, coefficient: a - b, exponent: exponent)
            : ExactDecimal(negative: right.isNegative, coefficient: b - a, exponent: exponent)
    }

    private func scaled(to exponent: Int) -> UInt128? {
        if coefficient == 0 { return 0 }
        let shift = self.exponent - exponent
        guard shift <= Limits.decimalDigits else { return nil }
        let (value, overflow) = coefficient.multipliedReportingOverflow(by: ExactDecimal.power(shift))
        return overflow || value >= ExactDecimal.power(Limits.decimalDigits) ? nil : value
    }

    private static func power(_ exponent: Int) -> UInt128 {
        var value: UInt128 = 1
        for _ in 0..<exponent { value *= 10 }
        return value
    }
}

extension ExactDecimal: Comparable {
    /// By value: `2.50` equals `2.5`.
    public static func == (left: ExactDecimal, right: ExactDecimal) -> Bool {
        let (a, b) = (left.normalized, right.normalized)
        return a.coefficient == b.coefficient && a.isNegative == b.isNegative && a.exponent == b.exponent
    }

    /// By value.
    public static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.magnitudeIsLess(than: left) : left.magnitudeIsLess(than: right)
    }

    private func magnitudeIsLess(than other: ExactDecimal) -> Bool {
        if coefficient == 0 || other.coefficient == 0 { return coefficient == 0 && other.coefficient != 0 }
        let top = String(coefficient).utf8.count + exponent
        let otherTop = String(other.coefficient).utf8.count + other.exponent
        if top != otherTop { return top < otherTop }
        // Equal leading powers: the exponents differ by less than 34, so one scale holds both.
        let exponent = min(self.exponent, other.exponent)
        return (self.scaledWide(to: exponent)) < (other.scaledWide(to: exponent))
    }

    private func scaledWide(to exponent: Int) -> UInt128 {
        coefficient * ExactDecimal.power(self.exponent - exponent)
    }
}

extension ExactDecimal: Hashable {
    /// Equal values hash alike, whatever their scale.
    public func hash(into hasher: inout Hasher) {
        let value = normalized
        hasher.combine(value.coefficient)
        hasher.combine(value.isNegative)
        hasher.combine(value.exponent)
    }
}

extension ExactDecimal: CustomStringConvertible {
    /// The number as JSON.
    public var description: String { text }
}
