import NightdropFiles

/// Why a bundle was not taken, not written, or not found: which file, which entry, and what is wrong.
public struct BundleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The causes that a caller handles differently; the raw values are the words of reports and of `--json`.
    public enum Code: String, Sendable, CaseIterable {
        /// It ends early; perhaps it is still being copied.
        case incomplete
        /// Its bytes are not those that were signed.
        case damaged
        /// It is no bundle, or not built as one.
        case malformed
        /// It bears no signature of a bundle.
        case unsigned
        /// The key that signed it may not sign for the sender.
        case unknownKey = "unknown-key"
        /// The key that signed it was revoked.
        case revokedKey = "revoked-key"
        /// The key that signed it is not the one that was announced.
        case notPinnedKey = "not-pinned-key"
        /// It belongs to another organisation.
        case wrongOrganisation = "wrong-organisation"
        /// It is for somebody else.
        case wrongAddressee = "wrong-addressee"
        /// Its format is of a version that this program does not read.
        case unknownFormat = "unknown-format"
        /// It requires what this program cannot do.
        case unknownCapability = "unknown-capability"
        /// It is larger than a limit allows.
        case limit
        /// It speaks of a central store that has since been replaced.
        case olderEpoch = "older-epoch"
        /// It holds other operations under numbers that are taken: of a till that was cloned, or restored from a backup.
        case fork
        /// There is no such file or directory.
        case notFound = "not-found"
        /// The file or directory cannot be made there.
        case cannotCreate = "cannot-create"
        /// Reading or writing failed.
        case inputOutput = "input-output"
    }

    /// Which cause it is.
    public let code: Code
    /// The file or directory.
    public let file: String
    /// The entry of the bundle, if it is one.
    public let entry: String?
    /// What is wrong, in words, and what to do where something can be done.
    public let reason: String

    /// An error.
    public init(_ code: Code, file: String, entry: String? = nil, _ reason: String) {
        self.code = code
        self.file = file
        self.entry = entry
        self.reason = reason
    }

    /// The exit status of a command that fails for this alone (sysexits.h).
    public var status: Int32 {
        switch code {
        case .damaged, .malformed, .wrongAddressee, .unknownFormat, .unknownCapability, .limit, .olderEpoch, .fork:
            65
        case .notFound: 66
        case .cannotCreate: 73
        case .inputOutput: 74
        case .incomplete: 75
        case .unsigned, .unknownKey, .revokedKey, .notPinnedKey, .wrongOrganisation: 77
        }
    }

    /// Code and words without the file, as a report gives them: `damaged: policy.yaml: …`.
    public var summary: String { "\(code.rawValue): \(words)" }

    /// One sentence.
    public var description: String { "\(file): \(words)" }

    private var words: String {
        let hint = code == .incomplete ? "; perhaps it is still being copied" : ""
        return (entry.map { "\($0): \(reason)" } ?? reason) + hint
    }

    /// Text that a stranger wrote, made fit to be shown: short, and without characters that steer a screen.
    static func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(80).map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: "?"
            default: scalar
            }
        }
        return "\"\(String(String.UnicodeScalarView(scalars)))\""
    }
}
