import Foundation
import NightdropFormats
import NightdropModel
import Testing

@Suite struct AllowedSignersTests {
    private let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOnn9ypGF7FFRtWTaIVV4crgkSJM+rc1Qoukptm/y+/O"
    private let bundle = SSHSignature.Namespace.bundle

    private func parse(_ text: String) throws -> AllowedSigners { try AllowedSigners(file: Array(text.utf8)) }

    private func milliseconds(_ text: String) throws -> Int64 { try #require(Timestamp.milliseconds(text)) }

    @Test func readsAFile() throws {
        let signers = try parse(
            """
            # head office

            HQ,HQ-old namespaces="nightdrop-bundle,nightdrop-enroll" \(key) our head office
             \tT07\tNameSpaces="nightdrop-bundle",valid-after="20260101Z",VALID-BEFORE="202612312359Z" \(key)\r
            T08 \(key)
            """)
        #expect(signers.entries.map(\.principals) == [["HQ", "HQ-old"], ["T07"], ["T08"]])
        #expect(signers.entries.map(\.namespaces) == [[bundle, "nightdrop-enroll"], [bundle], nil])
        #expect(signers.entries.map(\.comment) == ["our head office", "", ""])
        #expect(try signers.entries[1].validAfterSeconds == milliseconds("2026-01-01T00:00:00.000Z") / 1000)
        #expect(try signers.entries[1].validBeforeSeconds == milliseconds("2026-12-31T23:59:00.000Z") / 1000)
    }

    @Test(arguments: [
        ("T* KEY", "pattern"), ("!T07,T08 KEY", "pattern"), ("T0? KEY", "pattern"), ("\"T07\" KEY", "quotes"),
        ("T07, KEY", "empty"), (",T07 KEY", "empty"), ("T07", "missing"), ("T07 ssh-ed25519", "cut short"),
        ("T07 ssh-ed25519 AAAA!", "base 64"), ("T07 ssh-rsa AAAAB3NzaC1yc2E=", "ssh-rsa"),
        ("T07 cert-authority KEY", "cert-authority"), ("T07 CERT-AUTHORITY KEY", "cert-authority"),
        ("T07 namespaces=\"a\",cert-authority KEY", "cert-authority"), ("T07 no-pty KEY", "no-pty"),
        ("T07 namespaces=nightdrop-bundle KEY", "double quotes"), ("T07 namespaces KEY", "double quotes"),
        ("T07 namespaces=\"\" KEY", "empty"), ("T07 namespaces=\"a,,b\" KEY", "empty"),
        ("T07 namespaces=\"night*\" KEY", "pattern"), ("T07 namespaces=\"a\",namespaces=\"b\" KEY", "twice"),
        ("T07 namespaces=\"a\", KEY", "neither"), ("T07 namespaces=\"a KEY", "double quotes"),
        ("T07 namespaces=\"a b\" KEY", "letters"), ("T07 valid-after=\"20260230Z\" KEY", "not a time"),
        ("T07 valid-after=\"2026\" KEY", "not a time"), ("T07 valid-after=\"202601010000000Z\" KEY", "not a time"),
        ("T07 valid-before=\"20260101250000Z\" KEY", "not a time"), ("T07 valid-before=\"2026010é\" KEY", "not a time"),
        ("T07 valid-before=\"19690101Z\" KEY", "not a time"), ("T07 valid-before=\"\" KEY", "not a time"),
        ("T07 valid-after=\"20260101Z\",valid-before=\"20260101Z\" KEY", "not later"),
        ("T07 \u{FF} KEY", "neither"),
    ])
    func namesTheLineAndTheFault(_ line: String, _ fault: String) {
        let text = "# one\nT01 \(key)\n\n" + line.replacing("KEY", with: key) + "\nT09 \(key)\n"
        let error = #expect(throws: SignatureError.self) { try parse(text) }
        #expect(error?.kind == .invalidAllowedSigners && error?.line == 4)
        #expect(error?.description.contains(fault) == true, "\(error?.description ?? "")")
    }

    @Test func looksUpByPrincipalNamespaceAndTime() throws {
        let signers = try parse(
            """
            T07 namespaces="nightdrop-bundle",valid-before="20260630235959Z" \(key)
            T07 namespaces="nightdrop-bundle",valid-after="20260701Z" \(key)
            T08 namespaces="nightdrop-enroll" \(key)
            """)
        let publicKey = try PublicKey.parse(line: key).key
        let now = try milliseconds("2026-06-30T23:59:59.999Z")
        #expect(signers.keys(of: "T07", namespace: bundle, at: now) == [publicKey])
        #expect(signers.keys(of: "T07", namespace: bundle, at: now + 1) == [publicKey])
        #expect(signers.keys(of: "T07", namespace: "nightdrop-enroll", at: now).isEmpty)
        #expect(signers.keys(of: "t07", namespace: bundle, at: now).isEmpty)
        #expect(signers.keys(of: "T08", namespace: bundle, at: now).isEmpty)
        #expect(try signers.principals(of: publicKey, namespace: bundle, at: now) == ["T07"])
        #expect(try signers.principals(of: publicKey, namespace: "nightdrop-enroll", at: now) == ["T08"])
    }

    @Test(arguments: [
        ("valid-before", "20261120175959Z"), ("valid-before", "20261120180000Z"), ("valid-before", "202611201800Z"),
        ("valid-after", "20261120180000Z"), ("valid-after", "20261120180001Z"), ("valid-after", "20261120Z"),
        ("valid-before", "20261120180000"), ("valid-after", "20261120180000"), ("valid-after", "20261120"),
        ("valid-before", "202607151200"), ("valid-after", "202607151200"),
    ])
    func agreesWithSSHKeygenOnTimes(_ option: String, _ value: String) throws {
        let signingKey = SigningKey.generate()
        let file = Array("T07 \(option)=\"\(value)\" \(signingKey.publicKey.line())\n".utf8)
        let signers = try AllowedSigners(file: file)
        let signature = try Array(SSHSignature.sign([1], namespace: bundle, key: signingKey).armored.utf8)
        let keygen = try SSHKeygen()
        let limit = try #require(signers.entries[0].validAfterSeconds ?? signers.entries[0].validBeforeSeconds)
        let asked = try milliseconds("2026-11-20T18:00:00.000Z")
        for moment in [asked, (limit - 1) * 1000, limit * 1000, (limit + 1) * 1000] {
            let time = Timestamp.text(milliseconds: moment).prefix(19).filter(\.isNumber) + "Z"
            let isAccepted = try keygen.accepts(
                signature, of: [1], namespace: bundle, principal: "T07", allowed: file, time: time)
            let isFound = !signers.keys(of: "T07", namespace: bundle, at: moment).isEmpty
            #expect(isFound == isAccepted, "at \(time)")
        }
    }

    @Test func appendsWithoutTouchingWhatIsThere() throws {
        let before = "# kept\nT06 \(key)   with blanks  "
        let signingKey = SigningKey.generate()
        let entry = try AllowedSigners.Entry(
            principals: ["T07"], namespaces: [bundle], validAfterSeconds: 1_767_225_600, key: signingKey.publicKey,
            comment: "T07")
        let file = AllowedSigners.appending(entry, to: Array(before.utf8))
        let expected =
            "T07 namespaces=\"nightdrop-bundle\",valid-after=\"20260101000000Z\" "
            + signingKey.publicKey.line(comment: "T07")
        #expect(String(decoding: file, as: UTF8.self) == before + "\n" + expected + "\n")
        #expect(try AllowedSigners(file: file).entries.last == entry)
        let signature = try Array(SSHSignature.sign([1], namespace: bundle, key: signingKey).armored.utf8)
        #expect(
            try SSHKeygen().accepts(signature, of: [1], namespace: bundle, principal: "T07", allowed: file))
    }

    @Test(arguments: ["", "T*", "T 7", "T\n7", "#7", "T,7", "T\"7", "Ｔ07"])
    func anEntryThatCannotBeWrittenIsRefused(_ name: String) throws {
        let publicKey = try PublicKey.parse(line: key).key
        #expect(throws: SignatureError.self) {
            try AllowedSigners.Entry(principals: [name], namespaces: nil, key: publicKey)
        }
        #expect(throws: SignatureError.self) {
            try AllowedSigners.Entry(principals: ["T07"], namespaces: [name], key: publicKey)
        }
    }
}
