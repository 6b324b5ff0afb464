import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropModel
import Testing

@Suite struct ArchiveWriterTests {
    @Test func writesExactlyTheseBytes() throws {
        let file = try memoryFile()
        let writer = try ArchiveWriter(file, modified: Int64(TarBytes.time))
        try writer.add("manifest.json", Array("{}".utf8))
        try writer.add("empty", [])
        #expect(try writer.finish() == 512 * 5)
        let expected = TarBytes("manifest.json", "{}").bytes + TarBytes("empty").bytes + TarBytes.end
        #expect(try file.bytes() == expected)
    }

    @Test func theWayOfAddingDoesNotShow() throws {
        let content = (0..<900_001).map { UInt8(truncatingIfNeeded: $0 % 251) }
        let source = try memoryFile([1, 2, 3] + content + [4])
        let ways: [(ArchiveWriter) throws -> Void] = [
            { try $0.add("a", content) },
            { try $0.add("a", from: source, 3..<900_004) },
            { writer in
                try writer.add("a", size: 900_001) { write in
                    for start in stride(from: 0, to: 900_001, by: 77_777) {
                        try content[start..<min(start + 77_777, 900_001)].withUnsafeBytes(write)
                    }
                }
            },
        ]
        let archives = try ways.map { add in
            let file = try memoryFile()
            let writer = try ArchiveWriter(file, modified: 5)
            try add(writer)
            #expect(try writer.finish() == file.size())
            return try file.bytes()
        }
        #expect(archives[0] == archives[1])
        #expect(archives[0] == archives[2])
    }

    @Test(arguments: [1, 10])
    func contentOfAnotherSizeThanAnnouncedIsRefused(_ size: Int64) throws {
        let file = try memoryFile()
        let writer = try ArchiveWriter(file, modified: 0)
        let error = archiveError {
            try writer.add("a", size: size) { write in try [1, 2, 3].withUnsafeBytes(write) }
        }
        #expect(error?.kind == .badEntry)
        #expect(throws: (any Error).self) { try writer.add("b", [1]) }
        #expect(throws: (any Error).self) { try writer.finish() }
    }

    @Test func aSourceThatEndsTooEarlyIsRefused() throws {
        let writer = try ArchiveWriter(try memoryFile(), modified: 0)
        let source = try memoryFile([1, 2, 3])
        #expect(archiveError { try writer.add("a", from: source, 1..<9) }?.kind == .badEntry)
    }

    @Test(arguments: ["", "/a", "a/../b", "a\\b", "a\n", "é", String(repeating: "a", count: 201), "twice"])
    func badNamesAreRefused(_ name: String) throws {
        let writer = try ArchiveWriter(try memoryFile(), modified: 0)
        try writer.add("twice", [])
        #expect(archiveError { try writer.add(name, []) }?.kind == .badEntry)
    }

    @Test func refusesMoreEntriesThanABundleMayHave() throws {
        let writer = try ArchiveWriter(try memoryFile(), modified: 0)
        for number in 0..<Limits.bundleEntries { try writer.add("\(number)", []) }
        #expect(archiveError { try writer.add("more", []) }?.kind == .tooManyEntries)
    }

    @Test func nothingFollowsTheEnd() throws {
        let file = try memoryFile()
        let writer = try ArchiveWriter(file, modified: 0)
        try writer.add("a", [1])
        let size = try writer.finish()
        #expect(throws: ArchiveError.self) { try writer.add("b", [1]) }
        #expect(throws: ArchiveError.self) { try writer.finish() }
        #expect(try file.size() == size)
    }

    @Test func anAbandonedArchiveIsNotWhole() throws {
        let file = try memoryFile()
        try { () throws in
            let writer = try ArchiveWriter(file, modified: 0)
            try writer.add("a", [UInt8](repeating: 1, count: 1 << 20))
        }()
        #expect(archiveError { _ = try readAll(file) }?.kind == .truncated)
    }

    @Test func aFullMediumIsReported() throws {
        let disk = CrashFileSystem()
        for number in 1...3 {
            let faulty = FaultFileSystem(
                over: disk, Fault([.write], number: number, kind: .noSpace, writtenBytes: 700))
            let file = try faulty.open("/\(number).tar", .createNew(permissions: 0o644))
            let writer = try ArchiveWriter(file, modified: 0)
            let error = #expect(throws: FileError.self) {
                try writer.add("a", [UInt8](repeating: 1, count: 600_000))
                _ = try writer.finish()
            }
            #expect(error?.kind == .noSpace)
            #expect(archiveError { _ = try readAll(file) }?.kind == .truncated)
        }
    }
}
