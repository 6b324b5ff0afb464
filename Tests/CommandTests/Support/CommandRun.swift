import Foundation
import NightdropFormats
import Testing

/// What a run of the command has left.
struct CommandRun {
    let status: Int32
    let out: String
    let err: String

    /// Standard output as JSON, a line each.
    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> [JSONValue] {
        try out.split(separator: "\n").map { line in
            do { return try JSONValue.parse(String(line)) } catch {
                Issue.record("no JSON: \(line)", sourceLocation: sourceLocation)
                throw error
            }
        }
    }

    /// The only line of standard output as JSON.
    func document(sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
        let lines = try json(sourceLocation: sourceLocation)
        try #require(lines.count == 1, "\(out)\(err)", sourceLocation: sourceLocation)
        return lines[0]
    }
}

extension JSONValue {
    /// The names of an object's members.
    var keys: [String] { members?.map(\.name) ?? [] }
}

/// A directory for one test, in which commands are run; it goes with the value.
final class Workspace {
    /// The built command: it stands beside the program that runs the tests.
    static let executable: String = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: runner).deletingLastPathComponent().appendingPathComponent("nightdrop").path
    }()

    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "nightdrop-command-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Runs the command to its end.
    func run(_ arguments: String..., input: String = "", environment: [String: String] = [:]) throws -> CommandRun {
        try run(Workspace.executable, arguments, input: input, environment: environment)
    }

    /// Runs a script of bash, in which `nightdrop` is the command.
    func bash(_ script: String) throws -> CommandRun {
        let bin = URL(fileURLWithPath: Workspace.executable).deletingLastPathComponent().path
        return try run("/bin/bash", ["-c", "PATH=\(bin):$PATH\n\(script)"], input: "", environment: [:])
    }

    /// Runs the command and expects it to succeed.
    @discardableResult
    func succeed(
        _ arguments: String..., input: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CommandRun {
        let run = try run(Workspace.executable, arguments, input: input, environment: [:])
        try #require(run.status == 0, "\(arguments): \(run.err)", sourceLocation: sourceLocation)
        return run
    }

    /// Writes a file.
    func write(_ name: String, _ text: String) throws { try write(name, Data(text.utf8)) }

    /// Writes a file.
    func write(_ name: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    /// Reads a file.
    func read(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }

    /// The names in a folder, sorted.
    func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
    }

    /// A process that is not started yet, in this directory and without a node of the environment.
    func process(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        var variables = ProcessInfo.processInfo.environment
        variables["NIGHTDROP_NODE"] = nil
        process.environment = variables.merging(environment) { _, new in new }
        return process
    }

    private func run(
        _ executable: String, _ arguments: [String], input: String, environment: [String: String]
    ) throws -> CommandRun {
        // Files, not pipes: whatever is written fits, and nobody waits for anybody.
        let names = ["in", "out", "err"].map { path + "/.\($0)-" + UUID().uuidString }
        defer { for name in names { try? FileManager.default.removeItem(atPath: name) } }
        try Data(input.utf8).write(to: URL(fileURLWithPath: names[0]))
        for name in names.dropFirst() { try Data().write(to: URL(fileURLWithPath: name)) }
        let process = process(executable, arguments, environment: environment)
        process.standardInput = FileHandle(forReadingAtPath: names[0])
        process.standardOutput = FileHandle(forWritingAtPath: names[1])
        process.standardError = FileHandle(forWritingAtPath: names[2])
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: name)), as: UTF8.self)
        }
        return CommandRun(status: process.terminationStatus, out: try text(names[1]), err: try text(names[2]))
    }
}

extension Workspace {
    /// Head office `HQ` with a product, a share, and tills that have taken in their grants.
    func openChain(tills: [String] = ["T01"]) throws {
        try succeed("init", "central", "-C", "HQ", "--organisation", "Corner Shops")
        try succeed(
            "record", "-C", "HQ",
            input: """
                {"entity":"product","id":"TEA","action":"create","set":{"name":"Tea","price":2.55}}

                """)
        try FileManager.default.createDirectory(atPath: path + "/share", withIntermediateDirectories: true)
        for till in tills {
            try succeed("init", "terminal", "-C", till, "--id", till, "--store", "S1", "--request", "\(till).request")
            try succeed("enroll", "-C", "HQ", "\(till).request", "--yes", "--to", "share")
            try succeed("import", "-C", till, "share")
        }
    }
}
