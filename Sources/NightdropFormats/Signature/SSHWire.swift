/// Reads the data types of SSH (RFC 4251, section 5) from the front of some bytes.
struct SSHReader {
    private var rest: ArraySlice<UInt8>
    private let subject: String

    /// A reader that calls what it reads `subject` in errors.
    init(_ bytes: [UInt8], of subject: String) {
        self.rest = bytes[...]
        self.subject = subject
    }

    /// Whether everything has been read.
    var isAtEnd: Bool { rest.isEmpty }

    /// The next `count` bytes, of a fixed field called `field`.
    mutating func bytes(_ count: Int, _ field: String) throws(SignatureError) -> [UInt8] {
        guard count <= rest.count else {
            throw SignatureError(.malformed, "\(subject) is cut short in its \(field)")
        }
        defer { rest.removeFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A 32-bit number, most significant byte first.
    mutating func uint32(_ field: String) throws(SignatureError) -> UInt32 {
        try bytes(4, field).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A string: its length in bytes as a 32-bit number, then the bytes.
    mutating func string(_ field: String) throws(SignatureError) -> [UInt8] {
        try bytes(Int(uint32(field)), field)
    }

    /// A string that is text.
    mutating func text(_ field: String) throws(SignatureError) -> String {
        let bytes = try string(field)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SignatureError(.malformed, "the \(field) of \(subject) is not text")
        }
        return text
    }

    /// Refuses anything that follows.
    func end() throws(SignatureError) {
        guard rest.isEmpty else {
            throw SignatureError(.malformed, "\(subject) has \(rest.count) bytes behind its end")
        }
    }
}

/// Writes the data types of SSH one after another.
struct SSHWriter {
    /// What was written.
    private(set) var bytes: [UInt8] = []

    /// Bytes as they are.
    mutating func raw(_ value: some Sequence<UInt8>) { bytes += value }

    /// A 32-bit number.
    mutating func uint32(_ value: UInt32) {
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// A string.
    mutating func string(_ value: some Collection<UInt8>) {
        uint32(UInt32(value.count))
        bytes += value
    }
}
