import ArgumentParser
import NightdropFormats
import NightdropModel

extension NodeID: ExpressibleByArgument {
    /// An id from the command line.
    public init?(argument: String) { self.init(argument) }
}

/// A business day, `2026-11-20`.
struct Day: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard Timestamp.isDate(argument) else { return nil }
        text = argument
    }
}

/// A number of bytes: `4096`, `100K`, `64M`, `4G` (powers of 1024).
struct ByteCount: ExpressibleByArgument {
    let bytes: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = argument.last.flatMap { units[Character($0.uppercased())] }
        guard let number = Int64(unit == nil ? argument : String(argument.dropLast())), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.bytes = bytes
    }
}

/// A JSON value from the command line.
struct JSONArgument: ExpressibleByArgument {
    let value: JSONValue

    init?(argument: String) {
        guard let value = try? JSONValue.parse(argument) else { return nil }
        self.value = value
    }
}
