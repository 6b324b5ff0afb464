import NightdropModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The times of allowed signers: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`; with `Z` behind, UTC, else local time.
enum SignerTime {
    /// What can be written, in seconds since 1970: the years 1970 to 9999.
    static let range: ClosedRange<Int64> = 0...253_402_300_799

    /// The time in UTC with seconds and `Z`, the form that means the same everywhere.
    static func text(seconds: Int64) -> String {
        Timestamp.text(milliseconds: seconds * 1000).prefix(19).filter(\.isNumber) + "Z"
    }

    /// The seconds since 1970 of the value of an option. Local time is taken as ssh-keygen does, so that both agree.
    static func seconds(_ text: String, option: String) throws(SignatureError) -> Int64 {
        let isUTC = text.hasSuffix("Z")
        let digits = isUTC ? String(text.dropLast()) : text
        guard [8, 12, 14].contains(digits.utf8.count), let utc = utcSeconds(digits),
            let seconds = isUTC ? utc : localSeconds(digits), range.contains(seconds)
        else {
            throw SignatureError(
                .invalidAllowedSigners, "\(option) is not a time such as 20261120Z or 20261120175903Z, from 1970 on")
        }
        return seconds
    }

    private static func utcSeconds(_ digits: String) -> Int64? {
        let parts = fields(digits)
        let text = "\(parts[0])-\(parts[1])-\(parts[2])T\(parts[3]):\(parts[4]):\(parts[5]).000Z"
        return Timestamp.milliseconds(text).map { $0 / 1000 }
    }

    private static func localSeconds(_ digits: String) -> Int64? {
        let numbers = fields(digits).compactMap { Int32($0) }
        guard numbers.count == 6 else { return nil }
        var time = tm()
        time.tm_year = numbers[0] - 1900
        time.tm_mon = numbers[1] - 1
        time.tm_mday = numbers[2]
        time.tm_hour = numbers[3]
        time.tm_min = numbers[4]
        time.tm_sec = numbers[5]
        // Standard time in summer too: that is how ssh-keygen reads it.
        time.tm_isdst = 0
        return Int64(mktime(&time))
    }

    /// Year, month, day, hour, minute and second of 8, 12 or 14 digits.
    private static func fields(_ digits: String) -> [String] {
        let padded = Array((digits + "000000").utf8.prefix(14))
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<12, 12..<14].map { String(decoding: padded[$0], as: UTF8.self) }
    }
}
