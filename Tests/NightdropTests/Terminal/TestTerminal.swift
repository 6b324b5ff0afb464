import Foundation
import Nightdrop
import NightdropFormats
import NightdropJournal
import NightdropFiles
import NightdropModel
import Testing

/// A folder that is removed at the end of the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "nightdrop-" + UniqueID.random().text
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    func copy(_ name: String, to other: String) throws {
        // A segment may just be sealed behind the scenes, and its file go while it is copied.
        for _ in 0..<100 {
            if (try? FileManager.default.copyItem(atPath: self(name), toPath: self(other))) != nil { return }
            try? FileManager.default.removeItem(atPath: self(other))
            usleep(20_000)
        }
        try FileManager.default.copyItem(atPath: self(name), toPath: self(other))
    }
}

extension Terminal {
    /// A till T07 of store S1 in a folder.
    static func test(_ folder: TestFolder, _ name: String = "T07") throws -> Terminal {
        let id = try #require(NodeID(name))
        let store = try #require(NodeID("S1"))
        return try Terminal.create(at: folder(name), id: id, store: store).terminal
    }
}

/// The lines of a terminal's journal, as `zcat` would show its operations.
func journalLines(_ directory: String) throws -> [String] {
    var lines: [String] = []
    for journal in try FileManager.default.contentsOfDirectory(atPath: directory + "/journal") {
        let reader = JournalReader(fileSystem: DiskFileSystem(), directory: directory + "/journal/" + journal)
        try reader.read(from: 1) { text, operations in
            lines += operations.map { String(decoding: text[$0.line], as: UTF8.self) }
        }
    }
    return lines
}

/// One operation of a journal as a tree.
func operation(_ directory: String, _ seq: Int) throws -> JSONValue {
    let lines = try journalLines(directory)
    try #require(lines.count >= seq)
    return try JSONValue.parse(lines[seq - 1])
}

func field(_ name: String, _ json: String) -> Field { Field(name, FieldValue(checkedJSON: json)) }

extension Record {
    /// The fields as JSON, by name.
    var values: [String: String] {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value.json) })
    }
}

extension OperationDraft {
    static func create(_ entity: String, _ id: String, _ fields: [Field] = [], key: String? = nil) -> OperationDraft {
        OperationDraft(.create, entity, id: id, set: fields, key: key)
    }

    static func update(_ entity: String, _ id: String, _ fields: [Field], base: Int64? = nil) -> OperationDraft {
        OperationDraft(.update, entity, id: id, set: fields, base: base)
    }

    static func delete(_ entity: String, _ id: String) -> OperationDraft { OperationDraft(.delete, entity, id: id) }
}

/// Runs a program and returns what it prints.
func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self)
}
