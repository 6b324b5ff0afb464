import Foundation
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import Synchronization
import Testing

/// A journal in a directory of its own, on a file system, with a clock that the test turns.
final class JournalFixture: Sendable {
    static let start: Int64 = 1_795_000_000_000
    let system: any FileSystem
    let path: String
    let identity: JournalIdentity
    let time = Mutex(JournalFixture.start)
    let told = Mutex<[String]>([])

    init(_ system: any FileSystem = DiskFileSystem(), path: String? = nil) throws {
        self.system = system
        self.path =
            path
            ?? FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID())").path(percentEncoded: false)
        identity = JournalIdentity(
            node: try #require(NodeID("T07")), store: NodeID("S1"),
            journal: try #require(UniqueID("1f3c9a20-6d0b-4a53-9c55-0b3f5e8d7a11")))
    }

    deinit { if system is DiskFileSystem { try? FileManager.default.removeItem(atPath: path) } }

    var reader: JournalReader { JournalReader(fileSystem: system, directory: path) }

    func writer(
        _ conditions: JournalConditions = JournalConditions(policyVersion: 1, controlFields: ["sale": "total"])
    ) throws -> JournalWriter {
        try JournalWriter(
            fileSystem: system, directory: path, identity: identity, conditions: conditions,
            wallClock: { [self] in time.withLock { $0 } },
            discovered: { [self] lines, operations in
                told.withLock { told in told += operations.map { lines[$0.line].text } }
            })
    }

    /// All operation lines from a number on.
    func lines(from seq: Int64 = 1) throws -> [String] {
        var found: [String] = []
        try reader.read(from: seq) { lines, operations in found += operations.map { lines[$0.line].text } }
        return found
    }

    /// All ids from a number on.
    func ids() throws -> [String] {
        var found: [String] = []
        try reader.read(from: 1) { lines, operations in found += operations.map { lines[$0.id].text } }
        return found
    }

    /// The bytes that a shell command prints; it runs in the journal's directory.
    func shell(_ command: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = URL(filePath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command)")
        return Array(data)
    }
}

extension JournalWriter {
    /// Records sales as one unit.
    @discardableResult
    func sell(_ ids: [String], total: String = "2.50") throws -> ClosedRange<Int64> {
        try commit { builder in try builder.append(ids.map { .sale($0, total: total) }) }
    }

    @discardableResult
    func sell(_ id: String) throws -> ClosedRange<Int64> { try sell([id]) }
}

extension OperationDraft {
    static func sale(_ id: String, total: String = "2.50") -> OperationDraft {
        OperationDraft(.create, "sale", id: id, set: [Field("total", FieldValue(checkedJSON: total))])
    }
}

/// The kind of the journal error that `body` throws.
func kind(_ body: () throws -> Void) -> JournalError.Kind? {
    do {
        try body()
        return nil
    } catch {
        return (error as? JournalError)?.kind
    }
}

/// Runs `body` on so many threads at the same time.
func concurrently(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for index in 0..<threads {
        group.enter()
        Thread.detachNewThread {
            body(index)
            group.leave()
        }
    }
    group.wait()
}

/// The seed of a random test: chance, or `NIGHTDROP_SEED` to repeat a run.
func chosenSeed() -> UInt64 {
    ProcessInfo.processInfo.environment["NIGHTDROP_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
}
