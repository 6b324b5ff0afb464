import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import Testing

@Suite("Recording at a terminal")
struct RecordTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test func whatIsRecordedIsShownAtOnceAndAfterReopening() throws {
        var terminal: Terminal? = try Terminal.test(folder)
        let first = try #require(try terminal?.record(.create("note", "n1", [field("text", #""hello""#)])))
        #expect(first == Recorded(first: 1, last: 1))
        try #expect(terminal?.record(.update("note", "n1", [field("text", #""bye""#), field("n", "1.50")])).first == 2)
        try #expect(terminal?.get("note", "n1")?.values == ["text": #""bye""#, "n": "1.50"])
        try #expect(terminal?.get("note", "n2") == nil)
        terminal = nil
        let again = try Terminal(at: folder("T07"))
        try #expect(again.get("note", "n1")?.values == ["text": #""bye""#, "n": "1.50"])
        try #expect(again.record(.delete("note", "n1")).last == 3)
        try #expect(again.get("note", "n1") == nil)
    }

    @Test func aTransactionIsNumberedTogetherAndSeesItself() throws {
        let terminal = try Terminal.test(folder)
        let recorded = try terminal.record([
            .create("note", "n1", [field("a", "1")]), .update("note", "n1", [field("a", "2")]),
        ])
        #expect(recorded == Recorded(first: 1, last: 2))
        let second = try operation(folder("T07"), 2)
        #expect(second["tx"]?.compact == "[1,2]")
        #expect(second["was"]?.compact == #"{"a":1}"#)
        try #expect(terminal.get("note", "n1")?.values == ["a": "2"])
    }

    @Test func aRefusedTransactionLeavesNothing() throws {
        let terminal = try Terminal.test(folder)
        #expect(throws: NightdropError.self) {
            try terminal.record([.create("note", "n1", [field("a", "1")]), .update("note", "other", [field("a", "2")])])
        }
        try #expect(terminal.get("note", "n1") == nil)
        try #expect(terminal.record(.create("note", "n1")).first == 1)
        try #expect(journalLines(folder("T07")).count == 1)
    }

    @Test func aSecondCommitWithTheSameKeyIsAnsweredWithTheFirst() throws {
        let terminal = try Terminal.test(folder)
        let drafts: [OperationDraft] = [.create("note", "n1", key: "k"), .create("note", "n2")]
        try #expect(terminal.record(drafts) == Recorded(first: 1, last: 2))
        try #expect(terminal.record(drafts) == Recorded(first: 1, last: 2, isRepeat: true))
        try terminal.flush()
        try #expect(terminal.record(drafts) == Recorded(first: 1, last: 2, isRepeat: true))
        try #expect(
            Terminal(at: folder("T07")).record(drafts) == Recorded(first: 1, last: 2, isRepeat: true))
        try #expect(journalLines(folder("T07")).count == 2)
    }

    @Test func wrongUseIsTold() throws {
        let terminal = try Terminal.test(folder)
        try terminal.record(.create("note", "n1", [field("a", "1")]))
        func kind(_ drafts: [OperationDraft]) -> NightdropError.Kind? {
            do { _ = try terminal.record(drafts) } catch { return (error as? NightdropError)?.kind }
            return nil
        }
        #expect(kind([]) == .usage)
        #expect(kind([.update("note", "n1", [])]) == .usage)
        #expect(kind([.create("note", "n2", key: "nightdrop:x")]) == .refused)
        #expect(kind([.create("note", "n2"), .create("note", "n3", key: "late")]) == .usage)
        #expect(kind([.create("no note", "n2")]) == .refused)
        #expect(kind([.create("Note", "n2")]) == .refused)
        #expect(kind([OperationDraft(.create, "note", id: "n2", store: "S2")]) == .usage)
        try #expect(journalLines(folder("T07")).count == 1)
    }

    @Test func twoTerminalsOnOneDirectorySeeEachOther() throws {
        let one = try Terminal.test(folder)
        let two = try Terminal(at: folder("T07"))
        try one.record(.create("note", "n", [field("a", "0")]))
        for value in 1...20 {
            let terminal = value.isMultiple(of: 2) ? one : two
            try terminal.record(.update("note", "n", [field("a", String(value))]))
        }
        let lines = try journalLines(folder("T07"))
        #expect(lines.count == 21)
        for value in 1...20 {
            // Each has seen what the other recorded before.
            try #expect(JSONValue.parse(lines[value])["was"]?.compact == #"{"a":\#(value - 1)}"#)
        }
        try one.flush()
        try two.flush()
        try #expect(one.get("note", "n")?.values == ["a": "20"])
        try #expect(two.get("note", "n")?.values == ["a": "20"])
    }

    @Test func manyThreadsAndInstancesLoseNothing() async throws {
        let one = try Terminal.test(folder)
        let two = try Terminal(at: folder("T07"))
        try one.record(OperationDraft(.create, "count", id: "c", add: [field("n", "0")]))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    let terminal = worker.isMultiple(of: 2) ? one : two
                    for number in 0..<50 {
                        try terminal.record([
                            OperationDraft(.update, "count", id: "c", add: [field("n", "1")]),
                            .create("note", "\(worker)-\(number)"),
                        ])
                    }
                }
            }
            try await group.waitForAll()
        }
        for terminal in [one, two, try Terminal(at: folder("T07"))] {
            try terminal.flush()
            try #expect(terminal.get("count", "c")?.values == ["n": "200"])
            var notes = 0
            try terminal.records("note") { _ in notes += 1 }
            #expect(notes == 200)
        }
    }

    /// Large commits look their records up before it is their turn, and the store catches up meanwhile.
    @Test func everyCommitStartsFromWhatTheOneBeforeLeft() async throws {
        let one = try Terminal.test(folder)
        let two = try Terminal(at: folder("T07"))
        let records = 12
        try one.record((0..<records).map { .create("note", "n\($0)", [field("a", "0")]) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 1...4 {
                group.addTask {
                    // Only the last one is another instance, so that what the others know may grow old.
                    let terminal = worker == 4 ? two : one
                    for round in 0..<60 where worker < 4 || round.isMultiple(of: 10) {
                        let size = worker == 3 ? 1 : 8
                        try terminal.record(
                            (0..<size).map { index in
                                .update(
                                    "note", "n\((round + index * worker) % records)",
                                    [field("a", "\(worker * 100_000 + round * 100 + index)")])
                            })
                    }
                }
            }
            group.addTask { for _ in 0..<60 { try one.flush() } }
            try await group.waitForAll()
        }
        var values: [String: String] = [:]
        for line in try journalLines(folder("T07")) {
            let operation = try JSONValue.parse(line)
            let id = try #require(operation["id"]?.compact)
            #expect(operation["was"]?["a"]?.compact == values[id], "\(line)")
            values[id] = operation["set"]?["a"]?.compact
        }
        #expect(throws: NightdropError.self) {
            try one.record((0..<8).map { .create("note", $0 == 7 ? "n3" : "m\($0)") })
        }
        try #expect(one.get("note", "m0") == nil)
        try one.flush()
        for index in 0..<records {
            try #expect(one.get("note", "n\(index)")?.values["a"] == values["\"n\(index)\""])
        }
    }

    @Test func aCopyTakenAtAnyTimeHoldsWhatWasAcknowledged() throws {
        let terminal = try Terminal.test(folder)
        for number in 1...12 {
            try terminal.record(.create("note", "n\(number)", [field("n", String(number))]))
            try folder.copy("T07/journal", to: "copy-\(number)")
        }
        for number in 1...12 {
            let node = folder("node-\(number)")
            try FileManager.default.createDirectory(atPath: node, withIntermediateDirectories: true)
            try folder.copy("T07/keys", to: "node-\(number)/keys")
            try folder.copy("T07/nightdrop.yaml", to: "node-\(number)/nightdrop.yaml")
            try folder.copy("copy-\(number)", to: "node-\(number)/journal")
            // A torn member behind the last acknowledged one.
            let journal = try #require(try FileManager.default.contentsOfDirectory(atPath: node + "/journal").first)
            let file = try #require(FileHandle(forUpdatingAtPath: "\(node)/journal/\(journal)/000001.open.jsonl.gz"))
            try file.seekToEnd()
            try file.write(contentsOf: Data([0x1F, 0x8B, 8, 0, 0]))
            try file.close()
            let copy = try Terminal(at: node)
            var ids: [String] = []
            try copy.records("note") { ids.append($0.id) }
            #expect(ids == (1...number).map { "n\($0)" }.sorted())
            try #expect(copy.record(.create("note", "next")).first == Int64(number + 1))
        }
    }

    @Test func aClosedTerminalLeavesNoWriteAheadLog() async throws {
        let log = folder("T07/store.sqlite-wal")
        do {
            let terminal = try Terminal.test(folder)
            for number in 0..<100 { try terminal.record(.create("note", "n\(number)")) }
            try terminal.flush()
            #expect(FileManager.default.fileExists(atPath: log))
        }
        // The thread that catches up may hold the store a moment longer.
        for _ in 0..<500 where FileManager.default.fileExists(atPath: log) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(!FileManager.default.fileExists(atPath: log))
    }

    @Test func theStoreIsMadeAgainFromTheJournal() throws {
        let terminal = try Terminal.test(folder)
        for number in 0..<100 { try terminal.record(.create("note", "n\(number)", [field("n", String(number))])) }
        try terminal.flush()
        let copy = folder("copy")
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["keys", "journal", "nightdrop.yaml"] { try folder.copy("T07/" + name, to: "copy/" + name) }
        let again = try Terminal(at: copy)
        try #expect(again.get("note", "n42")?.values == ["n": "42"])
        try #expect(again.status().totals.pending == 100)
    }
}
