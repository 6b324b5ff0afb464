import Foundation
import NightdropBundle
import NightdropFiles
import Testing

/// Our archives and those of GNU tar are the same thing.
@Suite final class ArchiveToolTests {
    let directory = FileManager.default.temporaryDirectory.appending(path: "nightdrop-\(UUID())")
    let system = DiskFileSystem()
    let contents: [(name: String, bytes: [UInt8])] = [
        ("manifest.json", Array("{}".utf8)),
        ("segments/000001.jsonl.gz", (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }),
        ("empty", []),
        ("one block", [UInt8](repeating: 7, count: 512)),
        ("blobs/" + String(repeating: "long-", count: 38) + "last", Array("end".utf8)),
    ]

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: directory) }

    @Test func tarReadsOurs() throws {
        let path = directory.path + "/ours.tar"
        let file = try system.open(path, .createNew(permissions: 0o644))
        let writer = try ArchiveWriter(file, modified: 1_700_000_000)
        for (name, bytes) in contents { try writer.add(name, bytes) }
        let size = try writer.finish()
        #expect(try file.size() == size)

        let names = try tar("-tf", path)
        #expect(String(decoding: names, as: UTF8.self) == contents.map { $0.name + "\n" }.joined())
        for (name, bytes) in contents { #expect(try tar("-xOf", path, name) == bytes, "\(name)") }
        let listing = String(decoding: try tar("--utc", "--full-time", "-tvf", path), as: UTF8.self)
        for line in listing.split(separator: "\n") {
            #expect(line.hasPrefix("-rw-r--r-- 0/0 "))
            #expect(line.contains(" 2023-11-14 22:13:20 "))
        }
        try expectContents(of: file)
    }

    @Test(arguments: ["pax", "ustar", "gnu"])
    func oursReadsTars(_ format: String) throws {
        var named: [String] = []
        for (name, bytes) in contents where format != "ustar" || name.utf8.count < 100 {
            try system.createDirectory(Path.directory(of: directory.path + "/" + name))
            try system.publish(directory.path + "/" + name, bytes: bytes)
            named.append(name)
        }
        let path = directory.path + "/theirs.tar"
        _ = try tar(["--format=" + format, "-cf", path, "-C", directory.path] + named)
        try expectContents(of: try system.open(path, .read), count: named.count)
    }

    @Test(arguments: ["pax", "gnu"])
    func refusesSparseFiles(_ format: String) throws {
        let file = try system.open(directory.path + "/holes", .createNew(permissions: 0o644))
        try Array("x".utf8).withUnsafeBytes { try file.write($0, at: 1 << 20) }
        try file.truncate(to: 4 << 20)
        let path = directory.path + "/sparse.tar"
        _ = try tar(["--format=" + format, "--sparse", "-cf", path, "-C", directory.path, "holes"])
        let error = try #require(archiveError { _ = try readAll(try system.open(path, .read)) })
        #expect(error.kind == .badEntry)
    }

    @Test(arguments: ["-z", "-J"])
    func refusesCompression(_ option: String) throws {
        try system.publish(directory.path + "/a", bytes: [1])
        let path = directory.path + "/packed.tar"
        _ = try tar([option, "-cf", path, "-C", directory.path, "a"])
        let packed = try #require(try system.contents(path)) + [UInt8](repeating: 1, count: 1024)
        #expect(archiveError { _ = try readAll(try memoryFile(packed)) }?.kind == .notTar)
    }

    private func expectContents(of file: any OpenFile, count: Int? = nil) throws {
        let found = try readAll(file)
        #expect(found.map(\.entry.name) == contents.prefix(count ?? contents.count).map(\.name))
        for (entry, bytes) in found {
            #expect(contents.first { $0.name == entry.name }?.bytes == bytes, "\(entry.name)")
            #expect(try file.bytes(at: entry.offset, count: entry.size) == bytes, "\(entry.name)")
        }
    }

    private func tar(_ arguments: String...) throws -> [UInt8] { try tar(arguments) }

    private func tar(_ arguments: [String]) throws -> [UInt8] {
        let (process, output, problems) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/tar")
        process.arguments = arguments
        (process.standardOutput, process.standardError) = (output, problems)
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        #expect(String(decoding: problems.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "")
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(said)
    }
}

/// All entries with their content, read in small pieces.
func readAll(_ file: any OpenFile) throws -> [(entry: ArchiveEntry, bytes: [UInt8])] {
    let reader = try ArchiveReader(file)
    var found: [(ArchiveEntry, [UInt8])] = []
    var piece = [UInt8](repeating: 0, count: 1000)
    while let entry = try reader.next() {
        var bytes: [UInt8] = []
        while case let count = try piece.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 {
            bytes += piece[..<count]
        }
        found.append((entry, bytes))
    }
    return found
}

/// The archive error that `body` throws.
func archiveError(_ body: () throws -> Void) -> ArchiveError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ArchiveError
    }
}
