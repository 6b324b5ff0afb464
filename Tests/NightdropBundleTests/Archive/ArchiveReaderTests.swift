import Foundation
import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropModel
import Testing

@Suite struct ArchiveReaderTests {
    static let first = TarBytes("first", "1").bytes

    struct Hostile: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var kind: ArchiveError.Kind
        var bytes: [UInt8]

        init(_ description: String, _ kind: ArchiveError.Kind, _ bytes: [UInt8]) {
            (testDescription, self.kind, self.bytes) = (description, kind, bytes)
        }
    }

    static let badNames = [
        "/etc/passwd", "../a", "a/..", "a/../b", "..", ".", "./a", "a/./b", "a//b", "a/", "a\\b", "a\nb", "a\u{7F}",
        "caf\u{E9}", "first",
    ]

    static let hostile: [Hostile] =
        badNames.map { Hostile("name \($0)", .badEntry, first + TarBytes($0, "x").bytes + TarBytes.end) }
        + ["1", "2", "3", "4", "5", "6"].map {
            Hostile("type \($0)", .badEntry, first + TarBytes("a", type: $0, link: "first").bytes + TarBytes.end)
        } + [
            Hostile("no name", .badEntry, first + TarBytes("", "x").bytes + TarBytes.end),
            Hostile(
                "long name", .badEntry,
                TarBytes.pax([("path", String(repeating: "n", count: 201))]) + TarBytes("a", "x").bytes + TarBytes.end),
            Hostile(
                "climbing name in a pax header", .badEntry,
                TarBytes.pax([("path", "../a")]) + TarBytes("a", "x").bytes + TarBytes.end),
            Hostile(
                "link in a pax header", .badEntry,
                TarBytes.pax([("linkpath", "/etc")]) + TarBytes("a", type: "2").bytes + TarBytes.end),
            Hostile(
                "impossible size", .badEntry, first + TarBytes("a", size: TarBytes.binary(1 << 60)).bytes + TarBytes.end
            ),
            Hostile(
                "impossible size in a pax header", .badEntry,
                TarBytes.pax([("size", "1152921504606846976")]) + TarBytes("a").bytes + TarBytes.end),
            Hostile("sparse", .badEntry, first + TarBytes("a", type: "S").bytes + TarBytes.end),
            Hostile("multi-volume", .badEntry, first + TarBytes("a", "x", type: "M").bytes + TarBytes.end),
            Hostile(
                "volume label", .damaged,
                first + TarBytes("label", "hidden", type: "V").bytes + TarBytes("a", "x").bytes + TarBytes.end),
            Hostile("incremental", .badEntry, first + TarBytes("a", "x", type: "D").bytes + TarBytes.end),
            Hostile("unknown type", .badEntry, first + TarBytes("a", "x", type: "Q").bytes + TarBytes.end),
            Hostile(
                "link name of GNU", .badEntry,
                first + TarBytes("././@LongLink", "first", type: "K").bytes + TarBytes("a", type: "1").bytes
                    + TarBytes.end),
            Hostile(
                "sparse by a pax header", .badEntry,
                TarBytes.pax([
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "a"),
                    ("GNU.sparse.realsize", "4"),
                ])
                    + TarBytes("b", "1\n0\n4\n" + String(repeating: "\0", count: 504) + "abcd").bytes + TarBytes.end),
            Hostile(
                "overlong pax header", .damaged,
                TarBytes("x", type: "x", size: TarBytes.octal(2 << 20)).header
                    + [UInt8](repeating: 0, count: 2 << 20) + first + TarBytes.end),
            Hostile("negative size", .damaged, first + TarBytes("a", size: TarBytes.binary(-1)).bytes + TarBytes.end),
            Hostile("wrong checksum", .damaged, first + damagedHeader + TarBytes.end),
            Hostile("text", .notTar, Array(String(repeating: "no archive at all. ", count: 100).utf8)),
            Hostile("data behind the end", .trailingData, first + TarBytes.end + [0, 0, 1]),
            Hostile("another archive behind the end", .trailingData, first + TarBytes.end + first + TarBytes.end),
            Hostile(
                "an entry behind a lone block of zeros", .trailingData,
                first + TarBytes.end.prefix(512) + TarBytes("a").bytes + TarBytes.end),
            Hostile(
                "5 GiB announced", .truncated, first + TarBytes("a", size: TarBytes.octal(5 << 30)).bytes + TarBytes.end
            ),
        ]

    static let damagedHeader: [UInt8] = {
        var header = TarBytes("a").header
        header[0] ^= 1
        return header
    }()

    @Test(arguments: hostile)
    func refuses(_ hostile: Hostile) throws {
        let error = archiveError { _ = try readAll(try memoryFile(hostile.bytes)) }
        #expect(error?.kind == hostile.kind, "\(error?.description ?? "accepted")")
        #expect(error?.path == "/a.tar")
        #expect((error?.entry == nil) == (hostile.kind != .badEntry))
    }

    @Test func anEntryBeforeABadOneIsStillGiven() throws {
        let reader = try ArchiveReader(try memoryFile(Self.first + TarBytes("../a").bytes + TarBytes.end))
        #expect(try reader.next() == ArchiveEntry(name: "first", size: 1, offset: 512))
        #expect(try reader.bytes(limit: 1) == Array("1".utf8))
        let error = archiveError { _ = try reader.next() }
        #expect(error?.description == "/a.tar: entry ../a: its name has a part . or ..")
    }

    @Test func everyCutIsTruncatedAndNothingElse() throws {
        let long = String(repeating: "n", count: 150)
        let whole =
            TarBytes("manifest.json", "{}").bytes + TarBytes.pax([("path", long)]) + TarBytes("a", "content").bytes
            + TarBytes("empty").bytes + TarBytes.end
        #expect(try readAll(try memoryFile(whole)).map(\.entry.name) == ["manifest.json", long, "empty"])
        let file = try memoryFile(whole)
        for size in (0..<whole.count).reversed() {
            try file.truncate(to: Int64(size))
            #expect(archiveError { _ = try readAll(file) }?.kind == .truncated, "cut to \(size) bytes")
        }
    }

    @Test func aFlippedBitChangesNoNameNoSizeAndNoPlace() throws {
        let whole = TarBytes("manifest.json", "{}").bytes + TarBytes("empty").bytes + TarBytes.end
        let entries = try readAll(try memoryFile(whole)).map(\.entry)
        var accepted = 0
        for index in whole.indices {
            var flipped = whole
            flipped[index] ^= 1 << UInt8(index % 8)
            do {
                #expect(try readAll(try memoryFile(flipped)).map(\.entry) == entries, "byte \(index)")
                accepted += 1
            } catch is ArchiveError {}
        }
        // Content and its padding are not the archive's to judge, nor are the ends of number fields.
        #expect((512..<550).contains(accepted))
    }

    @Test func largeEntriesAreSkippedWithoutReadingThem() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "nightdrop-\(UUID()).tar").path
        let system = DiskFileSystem()
        defer { try? system.remove(path) }
        let file = try system.open(path, .createNew(permissions: 0o600))
        let (five, nine) = (Int64(5 << 30), Int64(9 << 30))
        let headers = [
            (Int64(0), TarBytes("five", size: TarBytes.octal(Int(five))).header),
            (512 + five, TarBytes("nine", size: TarBytes.binary(nine)).header),
            (1024 + five + nine, TarBytes.pax([("size", "\(nine)")]) + TarBytes("pax", size: TarBytes.octal(0)).header),
        ]
        for (offset, bytes) in headers { try bytes.withUnsafeBytes { try file.write($0, at: offset) } }
        try file.truncate(to: 1024 + five + nine + 1536 + nine + 1024)

        let reader = try ArchiveReader(file)
        #expect(try reader.next() == ArchiveEntry(name: "five", size: five, offset: 512))
        #expect(archiveError { _ = try reader.bytes(limit: 4 << 20) }?.kind == .badEntry)
        #expect(try reader.next() == ArchiveEntry(name: "nine", size: nine, offset: 1024 + five))
        #expect(try reader.next() == ArchiveEntry(name: "pax", size: nine, offset: 1024 + five + nine + 1536))
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
    }

    @Test func paddingBehindTheEndIsAccepted() throws {
        let padding = [UInt8](repeating: 0, count: 20_000)
        #expect(try readAll(try memoryFile(Self.first + TarBytes.end + padding)).count == 1)
    }

    @Test func takesAsManyEntriesAsABundleMayHave() throws {
        let file = try memoryFile()
        let writer = try ArchiveWriter(file, modified: 0)
        for number in 0..<Limits.bundleEntries { try writer.add("\(number)", []) }
        let size = try writer.finish()
        let reader = try ArchiveReader(file)
        while try reader.next() != nil {}
        let more = TarBytes("more").bytes + TarBytes.end
        try more.withUnsafeBytes { try file.write($0, at: size - 1024) }
        let again = try ArchiveReader(file)
        #expect(archiveError { while try again.next() != nil {} }?.kind == .tooManyEntries)
    }

    @Test func aFailingMediumIsAFileError() throws {
        let disk = CrashFileSystem()
        let content = String(repeating: "x", count: 40_000)
        try disk.publish("/a", bytes: TarBytes("a", content).bytes + TarBytes("b", content).bytes + TarBytes.end)
        let counting = FaultFileSystem(over: disk, Fault([.read], number: .max))
        _ = try readAll(try counting.open("/a", .read))
        #expect(counting.callCount > 80)
        for number in 1...counting.callCount {
            let faulty = FaultFileSystem(over: disk, Fault([.read], number: number))
            #expect(throws: FileError.self, "read \(number)") { try readAll(try faulty.open("/a", .read)) }
        }
    }
}
