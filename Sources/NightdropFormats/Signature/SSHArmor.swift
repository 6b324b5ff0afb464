/// The text form that OpenSSH gives to signatures and private keys: base 64 between a BEGIN and an END line.
struct SSHArmor {
    /// What the BEGIN and END lines name.
    let label: String
    /// What an error calls it.
    let subject: String

    /// A detached signature.
    static let signature = SSHArmor(label: "SSH SIGNATURE", subject: "the signature")
    /// A private key file.
    static let privateKey = SSHArmor(label: "OPENSSH PRIVATE KEY", subject: "the private key")

    /// The largest text; several times that of an Ed25519 key or signature, and enough for other types to be named.
    static let maximumBytes = 32 << 10

    private static let writtenWidth = 70
    private static let maximumWidth = 76

    /// The bytes inside. Lines may be of any width up to 76, and end in LF or CRLF.
    func decode(_ text: [UInt8]) throws(SignatureError) -> [UInt8] {
        guard text.count <= SSHArmor.maximumBytes else {
            throw malformed("is larger than \(SSHArmor.maximumBytes) bytes")
        }
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for index in lines.indices where lines[index].last == UInt8(ascii: "\r") { lines[index].removeLast() }
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.first?.elementsEqual("-----BEGIN \(label)-----".utf8) == true else {
            throw malformed("does not begin with -----BEGIN \(label)-----")
        }
        guard lines.count > 2, lines.last?.elementsEqual("-----END \(label)-----".utf8) == true else {
            throw malformed("does not end with -----END \(label)-----")
        }
        let body = lines[1..<(lines.count - 1)]
        guard body.allSatisfy({ (1...SSHArmor.maximumWidth).contains($0.count) }) else {
            throw malformed("has an empty line, or one of more than \(SSHArmor.maximumWidth) characters")
        }
        guard let bytes = Base64.decode(Array(body.joined())) else { throw malformed("is not base 64") }
        return bytes
    }

    /// The text, in lines of 70 characters that end in LF, as ssh-keygen writes it.
    func encode(_ bytes: [UInt8]) -> String {
        let body = Array(Base64.encode(bytes).utf8)
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: body.count, by: SSHArmor.writtenWidth) {
            text += String(decoding: body[start..<min(start + SSHArmor.writtenWidth, body.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    private func malformed(_ reason: String) -> SignatureError { SignatureError(.malformed, "\(subject) \(reason)") }
}
