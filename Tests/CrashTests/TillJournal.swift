import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import Testing

/// A till that is nothing but a journal and a key: enough to write bundles with a great many operations quickly.
struct TillJournal {
    let node: NodeID
    let path: String
    private let writer: JournalWriter
    private let identity: JournalIdentity
    private let key: SigningKey

    /// Makes the till's directory and enrolls it.
    init(_ id: String, in folder: String, at central: Central) throws {
        path = folder + "/" + id
        node = try #require(NodeID(id))
        let store = try #require(NodeID("S1"))
        let (_, request) = try Terminal.create(at: path, id: node, store: store)
        _ = try central.enroll(request)
        let system = DiskFileSystem()
        let directory = NodeDirectory(path)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.journals)
        let folder = directory.journals + "/" + names.filter { $0.count == 8 }[0]
        let segments = try JournalReader(fileSystem: system, directory: folder).segments()
        identity = JournalIdentity(node: node, store: store, journal: segments[0].header.journal)
        key = try SigningKey(file: system.contents(directory.signingKey) ?? [])
        writer = try JournalWriter(
            fileSystem: system, directory: folder, identity: identity,
            conditions: JournalConditions(policyVersion: 1, controlFields: ["sale": "total"]),
            wallClock: { Int64(Date().timeIntervalSince1970 * 1000) }, discovered: { _, _ in })
    }

    /// Records transactions, many of them in a commit.
    func record(_ transactions: [[OperationDraft]]) throws {
        for start in stride(from: 0, to: transactions.count, by: 5000) {
            let part = transactions[start..<min(start + 5000, transactions.count)]
            try writer.commit { builder in
                for drafts in part { _ = try builder.append(drafts) }
            }
        }
    }

    /// Closes a day and writes a bundle of everything so far.
    func close(_ day: String, into folder: String) throws -> String {
        var manifest = Manifest(
            kind: .journal, organisation: "Corner Shops",
            from: Manifest.Sender(node: node, store: identity.store, journal: identity.journal, follows: nil),
            to: try #require(NodeID("HQ")), created: 1_795_000_000_000, software: "test",
            clock: Manifest.ClockFacts(wall: 1_795_000_000_000, sinceBoot: 0, lastSeen: 0), first: 1, last: 0,
            operations: 0)
        var contents: [BundleContent] = []
        for segment in try writer.seal(close: day) {
            let summary = try writer.reader.verify(segment)
            let name = "segments/\(segment.number).jsonl.gz"
            manifest.segments.append(
                Manifest.Segment(
                    number: segment.number, first: summary.header.first, last: summary.last, hash: summary.hash,
                    path: name))
            if let close = summary.trailer?.close {
                manifest.days.append(Manifest.ClosedDay(close: close, segment: segment.number, seq: summary.last))
            }
            contents.append(BundleContent(name, file: segment.path, length: segment.size))
            manifest.last = summary.last
            manifest.operations += summary.count
        }
        manifest.pending = manifest.operations
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try BundleWriter.write(
            manifest: manifest, contents: contents, key: key, to: folder + "/" + manifest.fileName,
            fileSystem: DiskFileSystem(), verifyCopy: false
        ).path
    }
}
