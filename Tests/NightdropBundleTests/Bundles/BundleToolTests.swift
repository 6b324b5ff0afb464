import Foundation
import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import Testing

/// A bundle opens and verifies with tools that everybody has, and one that they made is taken.
@Suite final class BundleToolTests {
    let directory = FileManager.default.temporaryDirectory.appending(path: "nightdrop-\(UUID())").path
    let system = DiskFileSystem()
    let fixture: BundleFixture
    let expectations: BundleExpectations

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        fixture = try BundleFixture()
        expectations = try fixture.expectations()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    @Test func toolsAgreeWithUs() throws {
        let written = try write("a.tar")
        let names = try run("tar tf a.tar")
        #expect(
            names == (["manifest.json", "manifest.json.sig"] + fixture.contents.map(\.name)).joined(separator: "\n"))
        try system.publish(
            "\(directory)/allowed", bytes: Array("T07 \(fixture.till.publicKey.line())\n".utf8))
        try run("tar xf a.tar")
        let said = try run(
            "tar xOf a.tar manifest.json | ssh-keygen -Y verify -f allowed -I T07 -n nightdrop-bundle -s manifest.json.sig"
        )
        #expect(said.contains(fixture.till.publicKey.fingerprint))
        for entry in written.manifest.entries {
            #expect(try run("sha256sum \(entry.path)") == "\(entry.hash.digits)  \(entry.path)")
            #expect(try run("wc -c < \(entry.path)") == "\(entry.size)")
        }
    }

    @Test(arguments: ["gnu", "ustar", "pax"]) func bundlesMadeByTarAreTaken(format: String) throws {
        let written = try write("a.tar")
        let names = ["manifest.json", "manifest.json.sig"] + written.manifest.entries.map(\.path)
        try run("tar xf a.tar && tar cf b.tar --format=\(format) \(names.joined(separator: " "))")
        let intake = BundleIntake(expectations, fileSystem: system)
        let bundle = try intake.take("\(directory)/b.tar", into: "\(directory)/copy.tar")
        #expect(bundle.manifest == written.manifest)
        try run("cmp b.tar copy.tar")
    }

    @Test func largeContentsStreamInSmallPieces() throws {
        let size: Int64 = 200 << 20
        let large = try system.open("\(directory)/large", .createNew(permissions: 0o600))
        try large.truncate(to: size)
        let measuring = MeasuringFileSystem()
        let content = BundleContent("segments/000001.jsonl.gz", file: "\(directory)/large", length: size)
        _ = try BundleWriter.write(
            manifest: fixture.journalManifest, contents: [content], key: fixture.till, to: "\(directory)/a.tar",
            fileSystem: measuring, verifyCopy: true)
        let intake = BundleIntake(expectations, fileSystem: measuring)
        let bundle = try intake.take("\(directory)/a.tar", into: "\(directory)/copy.tar")
        var count = 0
        try bundle.withEntry(content.name) { count += $0.count }
        #expect(count == Int(size))
        #expect(measuring.largestPiece <= 1 << 20)
        #expect(measuring.total > 4 * Int(size))
    }

    private func write(_ name: String) throws -> WrittenBundle {
        try BundleWriter.write(
            manifest: fixture.journalManifest, contents: fixture.contents, key: fixture.till,
            to: "\(directory)/\(name)", fileSystem: system, verifyCopy: true)
    }

    /// What a shell command in the directory prints, which must succeed.
    @discardableResult
    private func run(_ command: String) throws -> String {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", command]
        process.currentDirectoryURL = URL(filePath: directory)
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(command)")
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
