import NightdropModel

/// The names in one archive: each acceptable, none twice, not too many.
///
/// Names are what every system takes without a second thought: printable ASCII, parts separated by single `/`, neither
/// absolute nor climbing. So the same name never has two spellings, and a listing shows what is there.
struct ArchiveNames {
    /// The longest name, in bytes.
    static let longest = 200

    private let path: String
    private var names: Set<String> = []

    init(path: String) { self.path = path }

    /// Takes a name, or says why not.
    mutating func take(_ name: String) throws(ArchiveError) {
        guard names.count < Limits.bundleEntries else {
            throw ArchiveError(
                kind: .tooManyEntries, path: path, reason: "it has more than \(Limits.bundleEntries) entries")
        }
        if let reason = ArchiveNames.fault(of: name) { throw bad(name, reason) }
        if !names.insert(name).inserted { throw bad(name, "it is there twice") }
    }

    /// An error about an entry; of a doubtful name only the beginning is shown, without characters that could deceive.
    func bad(_ name: String, _ reason: String) -> ArchiveError {
        let shown = name.utf8.prefix(ArchiveNames.longest).map { byte in
            ArchiveNames.isPrintable(byte) ? Character(UnicodeScalar(byte)) : "?"
        }
        return ArchiveError(kind: .badEntry, path: path, entry: String(shown), reason: reason)
    }

    private static func fault(of name: String) -> String? {
        let bytes = name.utf8
        if bytes.count > longest { return "its name is longer than \(longest) bytes" }
        if !bytes.allSatisfy(isPrintable) { return "its name has characters other than printable ASCII" }
        if bytes.contains(UInt8(ascii: "\\")) { return "its name has a backslash" }
        if bytes.first == UInt8(ascii: "/") { return "its name is absolute" }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.contains(where: \.isEmpty) { return "its name is empty, or has an empty part" }
        if parts.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) {
            return "its name has a part . or .."
        }
        return nil
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) }
}
