import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import Testing

@Suite("Closing and exporting at a terminal")
struct CloseTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func manifest(_ path: String?) throws -> Manifest {
        try BundleReader.open(#require(path), fileSystem: DiskFileSystem()).manifest
    }

    @Test func theRequestIsSignedAndNamesTheJournal() throws {
        let id = try #require(NodeID("T07"))
        let store = try #require(NodeID("S1"))
        let (terminal, path) = try Terminal.create(at: folder("T07"), id: id, store: store)
        #expect(path == folder("T07/outbox/T07.nightdrop-request"))
        let bytes = try #require(FileManager.default.contents(atPath: path))
        let request = try EnrollmentRequest(verifying: Array(bytes))
        #expect(request.node == id)
        #expect(request.key.fingerprint == terminal.fingerprint)
        try #expect(
            FileManager.default.contentsOfDirectory(atPath: folder("T07/journal")) == [request.journal.short])
        let forged = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: #""S1""#, with: #""S2""#)
        #expect(throws: EnrollmentError.self) { try EnrollmentRequest(verifying: Array(forged.utf8)) }
        #expect(throws: NightdropError.self) { try Terminal.create(at: folder("T07"), id: id, store: store) }
    }

    @Test func beforeEnrollmentAClosedDayIsSealedButNotExported() throws {
        let terminal = try Terminal.test(folder)
        try terminal.record(.create("sale", "s1", [field("total", "5")]))
        do {
            _ = try terminal.close(day: "2026-11-20")
            Issue.record("closed without head office")
        } catch let error as NightdropError {
            #expect(error.kind == .badSettings)
            #expect(error.message.contains("not enrolled"))
        }
    }

    @Test func aBundleCarriesEverythingThatNoReceiptCovers() throws {
        let (office, terminal) = try HeadOffice.enrolled(folder)
        try terminal.record(.create("sale", "s1", [field("total", "5")]))
        try terminal.record(.create("sale", "s2", [field("total", "7.5")]))
        let closed = try terminal.close(day: "2026-11-20")
        #expect(closed.operations == 2)
        #expect(closed.first == 1)
        #expect(closed.last == 2)
        #expect(closed.days.map(\.day) == ["2026-11-20"])
        #expect(closed.days.first?.totals.entries["sale"] == ControlTotals.Entry(creates: 2, sum: ExactDecimal("12.5")))
        let first = try manifest(closed.bundle)
        #expect(first.to.text == "HQ")
        #expect(first.cursor?.csn == 10)
        #expect(first.pending == 2)
        #expect(first.days.map(\.seq) == [2])
        // The next one repeats what is not covered, and replaces the first.
        try terminal.record(.create("sale", "s3", [field("total", "1")]))
        let second = try terminal.export()
        #expect(second.operations == 3)
        try #expect(manifest(second.bundle).segments.count >= 2)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder("T07/outbox"))
        #expect(
            left.filter { $0.hasSuffix(".tar") } == [
                try #require(second.bundle?.split(separator: "/").last.map(String.init))
            ])
        // Covered, and central knows the cursor once it was exported.
        let answer = try office.answer(from: 10, to: 13, [], receipt: 3)
        try #expect(terminal.take([answer]).map(\.outcome) == [.merged])
        try #expect(terminal.export().bundle != nil)
    }

    @Test func aDayWithNothingStillCloses() throws {
        let (_, terminal) = try HeadOffice.enrolled(folder)
        let closed = try terminal.close(day: "2026-11-20")
        #expect(closed.bundle != nil)
        #expect(closed.operations == 0)
        #expect(closed.days.map(\.part) == [1])
        try #expect(terminal.close(day: "2026-11-20").days.map(\.part) == [1, 2])
    }

    @Test func anExchangeDirectoryGetsTheBundleInTheFolderOfHeadOffice() throws {
        let (_, terminal) = try HeadOffice.enrolled(folder)
        try FileManager.default.createDirectory(atPath: folder("stick"), withIntermediateDirectories: true)
        let exported = try terminal.close(day: "2026-11-20", to: folder("stick"))
        #expect(exported.bundle?.hasPrefix(folder("stick/to/HQ/T07-")) == true)
        #expect(FileManager.default.fileExists(atPath: folder("stick/nightdrop.marker")))
        do {
            _ = try terminal.export(to: folder("nowhere"))
            Issue.record("exported to nowhere")
        } catch let error as NightdropError {
            #expect(error.kind == .notFound)
        }
    }

    @Test func aLimitSplitsAtSegments() throws {
        let (_, terminal) = try HeadOffice.enrolled(folder)
        for number in 1...4 {
            try terminal.record(.create("sale", "s\(number)", [field("total", "1")]))
            _ = try terminal.export()
        }
        let exported = try terminal.export(maxSize: 75_000)
        #expect(exported.files.count > 1)
        #expect(exported.operations == 4)
        for (index, file) in exported.files.enumerated() {
            #expect(file.hasSuffix("-\(index + 1)of\(exported.files.count).nightdrop.tar"))
            #expect(try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) <= 75_000)
        }
    }

    @Test func statusIsWrittenForOthers() throws {
        let (_, terminal) = try HeadOffice.enrolled(folder)
        try terminal.record(.create("sale", "s1", [field("total", "5")]))
        _ = try terminal.status()
        let bytes = try #require(FileManager.default.contents(atPath: folder("T07/status.json")))
        let status = try JSONValue.parse(Array(bytes))
        #expect(status["node"]?.text == "T07")
        #expect(status["tables"]?["sale"]?["pending"]?.integer == 1)
        #expect(status["totals"]?["pending"]?.integer == 1)
        #expect(status["summary"]?.text == "1 to send")
    }

    @Test func eventsTellWhatHappens() async throws {
        let (office, terminal) = try HeadOffice.enrolled(folder)
        var events = terminal.events.makeAsyncIterator()
        try terminal.record(.create("sale", "s1", [field("total", "5")]))
        await #expect(events.next() == .recorded(first: 1, last: 1))
        let answer = try office.answer(from: 10, to: 11, [#"{"entity":"product","id":"x","csn":11,"lives":true}"#])
        _ = try terminal.take([answer])
        var applied: Int64?
        while applied == nil, let event = await events.next() {
            if case .applied(let count) = event { applied = count }
        }
        #expect(applied == 1)
    }
}
