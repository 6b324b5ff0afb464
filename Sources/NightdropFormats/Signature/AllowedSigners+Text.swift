import NightdropModel

extension AllowedSigners {
    /// The entries of a file. Empty lines and lines that begin with `#` are passed over.
    public init(file: [UInt8]) throws(SignatureError) {
        var entries: [Entry] = []
        let lines = file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do throws(SignatureError) {
                if let entry = try Entry(line: line) { entries.append(entry) }
            } catch {
                throw SignatureError(.invalidAllowedSigners, error.reason, line: index + 1)
            }
        }
        self.init(entries: entries)
    }

    /// The file with one entry more at its end; what is there already stays as it is, comments too.
    public static func appending(_ entry: Entry, to file: [UInt8]) -> [UInt8] {
        let needsBreak = file.last.map { $0 != UInt8(ascii: "\n") } ?? false
        return file + (needsBreak ? Array("\n".utf8) : []) + Array("\(entry.line)\n".utf8)
    }
}

extension AllowedSigners.Entry {
    /// The line of the file, without a line break: `T07 namespaces="nightdrop-bundle" ssh-ed25519 AAAA… T07`.
    public var line: String {
        var options: [String] = []
        if let namespaces { options.append("namespaces=\"\(namespaces.joined(separator: ","))\"") }
        if let validAfterSeconds { options.append("valid-after=\"\(SignerTime.text(seconds: validAfterSeconds))\"") }
        if let validBeforeSeconds { options.append("valid-before=\"\(SignerTime.text(seconds: validBeforeSeconds))\"") }
        let fields = [principals.joined(separator: ","), options.joined(separator: ","), key.line(comment: comment)]
        return fields.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The entry of a line, nil if there is none on it.
    fileprivate init?(line: ArraySlice<UInt8>) throws(SignatureError) {
        var words = WordReader(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        let principals = words.next()
        guard !principals.isEmpty, !principals.hasPrefix("#") else { return nil }
        var word = words.next()
        var options = SignerOptions()
        if !SignerOptions.isKeyType(word) {
            options = try SignerOptions(word)
            word = words.next()
        }
        guard !word.isEmpty else { throw SignatureError(.invalidAllowedSigners, "the key is missing") }
        let (key, comment) = try PublicKey.parse(type: word, words: &words)
        try self.init(
            principals: SignerOptions.list(principals), namespaces: options.namespaces,
            validAfterSeconds: options.validAfterSeconds, validBeforeSeconds: options.validBeforeSeconds,
            key: key, comment: comment)
    }
}

/// The options between the principals and the key.
private struct SignerOptions {
    var namespaces: [String]?
    var validAfterSeconds: Int64?
    var validBeforeSeconds: Int64?

    init() {}

    init(_ text: String) throws(SignatureError) {
        for option in SignerOptions.split(text) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            switch name {
            case "namespaces":
                guard namespaces == nil else { throw SignerOptions.twice(name) }
                namespaces = SignerOptions.list(try SignerOptions.value(parts))
            case "valid-after":
                guard validAfterSeconds == nil else { throw SignerOptions.twice(name) }
                validAfterSeconds = try SignerTime.seconds(SignerOptions.value(parts), option: name)
            case "valid-before":
                guard validBeforeSeconds == nil else { throw SignerOptions.twice(name) }
                validBeforeSeconds = try SignerTime.seconds(SignerOptions.value(parts), option: name)
            case "cert-authority":
                throw SignatureError(
                    .invalidAllowedSigners, "cert-authority is not supported; list the key of each node instead")
            default:
                throw SignatureError(
                    .invalidAllowedSigners, "the option \(option) is neither namespaces, valid-after nor valid-before")
            }
        }
    }

    /// Whether a word is a key type, and so no options.
    static func isKeyType(_ word: String) -> Bool {
        word.isEmpty || ["ssh-", "ecdsa-", "sk-"].contains(where: word.hasPrefix)
    }

    static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func split(_ text: String) -> [Substring] {
        var isQuoted = false
        return text.split(omittingEmptySubsequences: false) { character in
            if character == "\"" { isQuoted.toggle() }
            return character == "," && !isQuoted
        }
    }

    private static func value(_ parts: [Substring]) throws(SignatureError) -> String {
        guard parts.count == 2, parts[1].count >= 2, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else {
            throw SignatureError(
                .invalidAllowedSigners, "the value of \(parts[0]) must stand in double quotes: \(parts[0])=\"…\"")
        }
        return String(parts[1].dropFirst().dropLast())
    }

    private static func twice(_ name: String) -> SignatureError {
        SignatureError(.invalidAllowedSigners, "the option \(name) is given twice")
    }
}
