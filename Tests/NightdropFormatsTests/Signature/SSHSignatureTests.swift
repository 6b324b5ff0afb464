import Foundation
import NightdropFormats
import Testing

@Suite struct SSHSignatureTests {
    private let keygen: SSHKeygen
    private let namespace = SSHSignature.Namespace.bundle

    init() throws { keygen = try SSHKeygen() }

    private func allowed(_ key: SigningKey, as principal: String = "T07") throws -> [UInt8] {
        let entry = try AllowedSigners.Entry(
            principals: [principal], namespaces: [namespace], key: key.publicKey, comment: principal)
        return AllowedSigners.appending(entry, to: [])
    }

    /// Messages by their size: empty, small, and the largest manifest.
    private static let sizes = [0, 1, 300, 4 << 20]

    private func message(size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: $0) } }

    @Test(arguments: sizes) func sshKeygenAcceptsOurs(size: Int) throws {
        let message = message(size: size)
        let key = SigningKey.generate(comment: "T07")
        let armored = try Array(SSHSignature.sign(message, namespace: namespace, key: key).armored.utf8)
        let signers = try allowed(key)
        #expect(
            try keygen.accepts(armored, of: message, namespace: namespace, principal: "T07", allowed: signers))
        #expect(
            try !keygen.accepts(
                armored, of: message + [0], namespace: namespace, principal: "T07", allowed: signers))
        #expect(
            try !keygen.accepts(armored, of: message, namespace: namespace, principal: "T08", allowed: signers))
    }

    @Test(arguments: sizes, ["sha256", "sha512"])
    func weAcceptThatOfSSHKeygen(size: Int, hash: String) throws {
        let message = message(size: size)
        try keygen.makeKey("key")
        let key = try SigningKey(file: keygen.read("key")).publicKey
        let armored = try keygen.sign(message, namespace: namespace, key: "key", hash: hash)
        let signature = try SSHSignature(armored: armored)
        #expect(signature.publicKey == key && signature.hash.rawValue == hash && signature.namespace == namespace)
        try SSHSignature.verify(armored: armored, message: message, namespace: namespace, key: key)
        #expect(Array(signature.armored.utf8) == armored)

        let changed = #expect(throws: SignatureError.self) {
            try SSHSignature.verify(armored: armored, message: message + [0], namespace: namespace, key: key)
        }
        #expect(changed?.kind == .badSignature)
        let enroll = #expect(throws: SignatureError.self) {
            try SSHSignature.verify(
                armored: armored, message: message, namespace: SSHSignature.Namespace.enroll, key: key)
        }
        #expect(enroll?.kind == .wrongNamespace)
    }

    #if os(Linux)
        @Test func sameBytesAsSSHKeygen() throws {
            try keygen.makeKey("key")
            let key = try SigningKey(file: keygen.read("key"))
            let message = Array("{\"seq\":1}\n".utf8)
            let ours = try SSHSignature.sign(message, namespace: namespace, key: key).armored
            #expect(try Array(ours.utf8) == keygen.sign(message, namespace: namespace, key: "key"))
        }
    #endif

    @Test func anotherKeyIsRefused() throws {
        let message = Array("{}".utf8)
        let armored = try Array(
            SSHSignature.sign(message, namespace: namespace, key: .generate()).armored.utf8)
        let error = #expect(throws: SignatureError.self) {
            try SSHSignature.verify(
                armored: armored, message: message, namespace: namespace, key: SigningKey.generate().publicKey)
        }
        #expect(error?.kind == .unknownKey)
    }

    @Test func everyCharacterCounts() throws {
        let key = SigningKey.generate()
        let message = Array("{}".utf8)
        let armored = try Array(SSHSignature.sign(message, namespace: namespace, key: key).armored.utf8)
        for index in armored.indices {
            for replacement in [UInt8(ascii: "A"), UInt8(ascii: "/"), UInt8(ascii: "\n"), 0xFF]
            where armored[index] != replacement && index != armored.count - 1 {
                var changed = armored
                changed[index] = replacement
                #expect(throws: SignatureError.self, "byte \(index) changed to \(replacement)") {
                    try SSHSignature.verify(
                        armored: changed, message: message, namespace: namespace, key: key.publicKey)
                }
            }
        }
    }

    @Test func everyTruncationIsMalformed() throws {
        let armored = try Array(
            SSHSignature.sign([], namespace: namespace, key: .generate()).armored.utf8)
        for count in 0..<(armored.count - 1) {
            let error = #expect(throws: SignatureError.self) {
                try SSHSignature(armored: Array(armored.prefix(count)))
            }
            #expect(error?.kind == .malformed)
        }
    }

    @Test(arguments: ["rsa", "ecdsa"]) func otherKeyTypesAreNamed(_ type: String) throws {
        try keygen.makeKey("key", type: type)
        let armored = try keygen.sign([1, 2, 3], namespace: namespace, key: "key")
        let error = #expect(throws: SignatureError.self) { try SSHSignature(armored: armored) }
        #expect(error?.kind == .unsupportedKey)
        #expect(error?.reason.contains(type) == true)
    }

    @Test func anEmptyNamespaceIsNotSigned() {
        let error = #expect(throws: SignatureError.self) {
            try SSHSignature.sign([], namespace: "", key: .generate())
        }
        #expect(error?.kind == .wrongNamespace)
    }
}
