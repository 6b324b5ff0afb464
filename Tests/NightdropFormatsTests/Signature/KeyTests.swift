import Foundation
import NightdropFormats
import Testing

@Suite struct KeyTests {
    private let keygen: SSHKeygen

    init() throws { keygen = try SSHKeygen() }

    @Test(arguments: ["", "T", "T07", "T07 of the shop", "Kasse 7 ä"]) func sshKeygenReadsOurs(_ comment: String) throws
    {
        let key = SigningKey.generate(comment: comment)
        try keygen.write(key.file(), to: "key")
        #expect(try keygen.run(["-y", "-f", "key"]).output == key.publicKey.line(comment: comment) + "\n")
        #expect(try keygen.run(["-l", "-f", "key"]).output.split(separator: " ")[1] == key.publicKey.fingerprint)
        let again = try SigningKey(file: Array(key.file().utf8))
        #expect(again.publicKey == key.publicKey && again.comment == comment)
    }

    @Test func sshKeygenSignsWithOurs() throws {
        let key = SigningKey.generate()
        try keygen.write(key.file(), to: "key")
        let armored = try keygen.sign([7], namespace: "nightdrop-enroll", key: "key")
        try SSHSignature.verify(armored: armored, message: [7], namespace: "nightdrop-enroll", key: key.publicKey)
    }

    @Test func weReadThatOfSSHKeygen() throws {
        try keygen.makeKey("T07")
        let key = try SigningKey(file: keygen.read("T07"))
        let line = String(decoding: try keygen.read("T07.pub"), as: UTF8.self)
        let (publicKey, comment) = try PublicKey.parse(line: line)
        #expect(publicKey == key.publicKey)
        #expect(comment == "made for T07" && key.comment == comment)
        #expect(publicKey.line(comment: comment) + "\n" == line)
        #expect(try PublicKey(blob: publicKey.blob) == publicKey)
        let listed = try keygen.run(["-l", "-f", "T07.pub"]).output
        #expect(listed == "256 \(publicKey.fingerprint) made for T07 (ED25519)\n")
    }

    @Test func aPassphraseIsNamed() throws {
        try keygen.makeKey("key", passphrase: "secret")
        let error = #expect(throws: SignatureError.self) { try SigningKey(file: keygen.read("key")) }
        #expect(error?.kind == .encryptedKey)
    }

    @Test(arguments: ["rsa", "ecdsa"]) func otherTypesAreNamed(_ type: String) throws {
        try keygen.makeKey("key", type: type)
        let error = #expect(throws: SignatureError.self) { try SigningKey(file: keygen.read("key")) }
        #expect(error?.kind == .unsupportedKey)
        let line = String(decoding: try keygen.read("key.pub"), as: UTF8.self)
        let publicError = #expect(throws: SignatureError.self) { try PublicKey.parse(line: line) }
        #expect(publicError?.kind == .unsupportedKey)
        #expect(publicError?.reason.contains(type) == true)
    }

    @Test func aDamagedFileIsRefused() throws {
        let file = Array(SigningKey.generate(comment: "T07").file().utf8)
        for count in 0..<(file.count - 1) {
            #expect(throws: SignatureError.self) { try SigningKey(file: Array(file.prefix(count))) }
        }
        // The comment, near the end, is the only thing in the file that nothing else confirms.
        let header = "-----BEGIN OPENSSH PRIVATE KEY-----\n".utf8.count
        for index in header..<(header + 70 * 4) where file[index] != UInt8(ascii: "\n") {
            var changed = file
            changed[index] = file[index] == UInt8(ascii: "Q") ? UInt8(ascii: "R") : UInt8(ascii: "Q")
            #expect(throws: SignatureError.self, "byte \(index)") { try SigningKey(file: changed) }
        }
    }

    @Test(arguments: [
        "", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOnn9ypGF7FFRtWTaIVV4crg",
        "AAAAC3NzaC1lZDI1NTE5AAAAIOnn9ypGF7FFRtWTaIVV4crgkSJM+rc1Qoukptm/y+/O",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOnn9ypGF7FFRtWTaIVV4crgkSJM+rc1Qoukptm/y+/O T07\nmore",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOnn9ypGF7FFRtWTaIVV4crgkSJM+rc1Qoukptm/y+/OAA== T07",
    ])
    func aBadLineIsRefused(_ line: String) {
        #expect(throws: SignatureError.self) { try PublicKey.parse(line: line) }
    }

    @Test func aCommentCannotAddALine() {
        let line = SigningKey.generate().publicKey.line(comment: "T07\nT08 ssh-ed25519")
        #expect(line.hasSuffix(" T07 T08 ssh-ed25519") && !line.contains("\n"))
    }

    @Test func aKeyDoesNotPrintItsSecret() throws {
        let key = try SigningKey(seed: Array(repeating: 9, count: 32))
        #expect("\(key)" == key.publicKey.fingerprint)
    }

    /// RFC 8032, section 7.1, test 1.
    @Test func publicHalfOfAKnownSeed() throws {
        let seed: [UInt8] = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
            0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ]
        let key = try SigningKey(seed: seed).publicKey
        #expect(key.bytes.prefix(4) == [0xd7, 0x5a, 0x98, 0x01] && key.bytes.suffix(4) == [0xf7, 0x07, 0x51, 0x1a])
        #expect(throws: SignatureError.self) { try SigningKey(seed: Array(seed.dropLast())) }
    }
}
