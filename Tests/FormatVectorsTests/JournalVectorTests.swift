import Foundation
import NightdropFormats
import Testing

@Suite("Journal vectors")
struct JournalVectorTests {
    @Test("A segment read at once", arguments: try Vector.all("journal", suffix: ".jsonl.gz"))
    func whole(_ vector: Vector) throws {
        let outcome = SegmentOutcome.of(try vector.bytes(), compressedPiece: .max >> 1, textPiece: .max >> 1)
        #expect(outcome == vector.expectation)
    }

    @Test("A segment inflated byte by byte", arguments: try Vector.all("journal", suffix: ".jsonl.gz"))
    func compressedBytes(_ vector: Vector) throws {
        #expect(SegmentOutcome.of(try vector.bytes(), compressedPiece: 1, textPiece: .max >> 1) == vector.expectation)
    }

    /// Lines of a mebibyte are left out: scanning one anew for each byte would take an hour.
    @Test(
        "A segment parsed byte by byte",
        arguments: try Vector.all("journal", suffix: ".jsonl.gz").filter { !$0.name.contains("-mib") })
    func textBytes(_ vector: Vector) throws {
        #expect(SegmentOutcome.of(try vector.bytes(), compressedPiece: 7, textPiece: 1) == vector.expectation)
    }

    @Test("Long lines parsed in pieces", arguments: ["line-of-1-mib", "line-over-1-mib", "header-over-1-mib"])
    func longLines(_ name: String) throws {
        let vector = try #require(try Vector.all("journal", suffix: ".jsonl.gz").first { $0.name == name })
        let outcome = SegmentOutcome.of(try vector.bytes(), compressedPiece: 100, textPiece: 65_521)
        #expect(outcome == vector.expectation)
    }

    @Test(
        "A header and a last line are written as they were read", arguments: ["one-member", "follows", "empty-close"])
    func writtenAgain(_ name: String) throws {
        let process = try run("/bin/zcat", [Vector.folder.appending(path: "journal/\(name).jsonl.gz").path])
        let lines = process.output.split(separator: UInt8(ascii: "\n"))
        let first = try #require(lines.first).withUnsafeBytes { Array($0) }
        let last = try #require(lines.last).withUnsafeBytes { Array($0) }
        #expect(try first.withUnsafeBytes { try SegmentHeader(line: $0) }.line == first)
        #expect(try last.withUnsafeBytes { try SegmentTrailer(line: $0) }.line == last)
    }
}

@Suite("The reader in Python")
struct ReaderTests {
    @Test("It finds in every vector what is expected")
    func vectors() throws {
        let result = try run(
            Vector.root.appending(path: "Tools/nightdrop-reader").path, ["check-vectors", Vector.folder.path])
        #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))")
    }

    @Test("A vector that says something else is a difference")
    func differences() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.copyItem(at: Vector.folder, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "open 3 operations\n".write(
            to: folder.appending(path: "journal/open.expect"), atomically: true, encoding: .utf8)
        try "valid as HQ\n".write(
            to: folder.appending(path: "bundle/unsigned.expect"), atomically: true, encoding: .utf8)
        let result = try run(
            Vector.root.appending(path: "Tools/nightdrop-reader").path, ["check-vectors", folder.path])
        let text = String(decoding: result.output, as: UTF8.self)
        #expect(result.status == 65)
        #expect(text.contains("journal/open: expected open 3 operations, found open 2 operations\n"))
        #expect(text.contains("bundle/unsigned: expected valid as HQ, found unsigned as HQ\n"))
    }
}

/// Runs a program and returns how it ended and what it printed.
func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: [UInt8]) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, [UInt8](output))
}
