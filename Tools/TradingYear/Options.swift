import Foundation

/// What went wrong, and the exit status that it calls for (sysexits.h).
struct Failure: Error, CustomStringConvertible {
    let description: String
    let status: Int32

    init(_ description: String, status: Int32 = 74) {
        self.description = description
        self.status = status
    }
}

/// What the caller asked for.
struct Options {
    static let usage =
        "usage: Tools/trade-year DATA-DIRECTORY [--days N] [--keep DIR] [--through-command-line DAY,DAY…]\n"
        + "       Tools/trade-year DATA-DIRECTORY --disagree SEED [--days N] [--keep DIR]"

    /// The directory of `YYYY-MM-DD.csv.gz` files.
    var data = ""
    /// How many of its days to trade, from the first; nil for all.
    var days: Int?
    /// Where to leave all nodes; nil for a temporary directory that is removed.
    var keep: String?
    /// The days that are traded with the executable instead of the library.
    var throughCommandLine: Set<String> = []
    /// Do not trade, but edit the days' products so that people disagree, by this seed.
    var disagree: UInt64?

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func wrong(_ problem: String) -> Failure { Failure("\(problem)\n\(Options.usage)", status: 64) }
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                guard data.isEmpty else { throw wrong("one data directory, not also \(word)") }
                data = word
                continue
            }
            guard let value = rest.popFirst() else { throw wrong("\(word) needs a value") }
            switch word {
            case "--days":
                guard let count = Int(value), count > 0 else { throw wrong("--days takes a number, not \(value)") }
                days = count
            case "--keep": keep = value
            case "--disagree":
                guard let seed = UInt64(value) else { throw wrong("--disagree takes a seed, a number, not \(value)") }
                disagree = seed
            case "--through-command-line": throughCommandLine = Set(value.split(separator: ",").map(String.init))
            default: throw wrong("there is no option \(word)")
            }
        }
        if data.isEmpty { throw wrong("which data directory?") }
    }
}
