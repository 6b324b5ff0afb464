import Foundation
import NightdropFormats
import NightdropModel
import Testing

/// Every vector of Formats/vectors/signature, read by us and by ssh-keygen.
@Suite struct SignatureVectorTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Formats/vectors/signature").standardized

    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []).sorted()

    /// Where the format page asks for more, or for less, than ssh-keygen does.
    private static let differing = [
        "empty-line", "line-too-wide", "principal-pattern", "scalar-not-reduced", "text-behind-end",
        "valid-crlf",
    ]

    private func file(_ vector: String, _ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.folder.appending(path: "\(vector)/\(name)")))
    }

    private func outcome(_ vector: String) throws -> String {
        let time = try #require(Timestamp.milliseconds("2026-11-20T18:00:00.000Z"))
        do {
            let principals = try SSHSignature.verify(
                armored: file(vector, "signature"), message: file(vector, "message"),
                namespace: SSHSignature.Namespace.bundle,
                allowed: AllowedSigners(file: file(vector, "allowed_signers")), at: time)
            return "valid " + principals.joined(separator: ",")
        } catch let error as SignatureError {
            return error.kind.rawValue
        }
    }

    @Test func vectorsAreThere() {
        #expect(Self.names.count >= 30)
    }

    @Test(arguments: names) func hasTheExpectedOutcome(_ vector: String) throws {
        let expected = String(decoding: try file(vector, "expect"), as: UTF8.self)
        #expect(try outcome(vector) + "\n" == expected)
    }

    @Test(arguments: names.filter { !differing.contains($0) }) func sshKeygenAgrees(_ vector: String) throws {
        let expected = String(decoding: try file(vector, "expect"), as: UTF8.self)
        let isAccepted = try SSHKeygen().accepts(
            file(vector, "signature"), of: file(vector, "message"), namespace: SSHSignature.Namespace.bundle,
            principal: "T07", allowed: file(vector, "allowed_signers"))
        #expect(isAccepted == expected.hasPrefix("valid"))
    }
}
