/// UTC times as text, `2026-11-20T17:59:03.123Z` (RFC 3339 with exactly three decimals), without Foundation.
public enum Timestamp {
    /// The number of bytes of the text.
    public static let byteCount = 24
    /// The times that can be written, in milliseconds since 1970: those of the years 0 to 9999.
    public static let writable: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// The text of a time between the years 0 and 9999.
    public static func text(milliseconds: Int64) -> String {
        String(decoding: bytes(milliseconds: milliseconds), as: UTF8.self)
    }

    /// The 24 bytes of a time between the years 0 and 9999.
    public static func bytes(milliseconds: Int64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
            write(milliseconds: milliseconds, to: UnsafeMutableRawBufferPointer(out))
            count = byteCount
        }
    }

    /// Writes the 24 bytes of a time between the years 0 and 9999 to the beginning of a buffer.
    public static func write(milliseconds: Int64, to out: UnsafeMutableRawBufferPointer) {
        let day = floorDivide(milliseconds, 86_400_000)
        let rest = Int(milliseconds - day * 86_400_000)
        let (year, month, dayOfMonth) = civil(fromDays: day)
        put(year, width: 4, at: 0, in: out)
        out[4] = UInt8(ascii: "-")
        put(month, width: 2, at: 5, in: out)
        out[7] = UInt8(ascii: "-")
        put(dayOfMonth, width: 2, at: 8, in: out)
        out[10] = UInt8(ascii: "T")
        put(rest / 3_600_000, width: 2, at: 11, in: out)
        out[13] = UInt8(ascii: ":")
        put(rest / 60_000 % 60, width: 2, at: 14, in: out)
        out[16] = UInt8(ascii: ":")
        put(rest / 1000 % 60, width: 2, at: 17, in: out)
        out[19] = UInt8(ascii: ".")
        put(rest % 1000, width: 3, at: 20, in: out)
        out[23] = UInt8(ascii: "Z")
    }

    /// The milliseconds since 1970 of a time as `text` writes it, or nil.
    public static func milliseconds(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { milliseconds(UnsafeRawBufferPointer($0)) }
    }

    /// The milliseconds since 1970 of 24 bytes, or nil.
    public static func milliseconds(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count == byteCount,
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"), bytes[19] == UInt8(ascii: "."),
            bytes[23] == UInt8(ascii: "Z"),
            let year = number(bytes, 0, 4), let month = number(bytes, 5, 2), let day = number(bytes, 8, 2),
            let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2), let second = number(bytes, 17, 2),
            let millisecond = number(bytes, 20, 3),
            (1...12).contains(month), (1...daysInMonth(month, year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return seconds * 1000 + Int64(millisecond)
    }

    /// Whether `text` is a calendar date, `2026-11-20`.
    public static func isDate(_ text: String) -> Bool {
        milliseconds(text + "T00:00:00.000Z") != nil
    }

    // Days and dates: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days).
    private static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        let month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        return (Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month, day)
    }

    private static func daysInMonth(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    private static func put(_ value: Int, width: Int, at index: Int, in out: UnsafeMutableRawBufferPointer) {
        var rest = value
        for place in stride(from: index + width - 1, through: index, by: -1) {
            out[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ width: Int) -> Int? {
        var value = 0
        var largest: UInt8 = 0
        for index in start..<(start + width) {
            let digit = bytes[index] &- UInt8(ascii: "0")
            largest = max(largest, digit)
            value = value &* 10 &+ Int(digit)
        }
        return largest <= 9 ? value : nil
    }
}
