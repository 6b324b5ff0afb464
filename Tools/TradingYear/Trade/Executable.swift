import Foundation
import Nightdrop

/// The `nightdrop` executable that was built beside this one.
struct Executable: Sendable {
    private static let commands = ["record", "close", "merge", "import"]
    private let path: String

    /// Nil if it is not there, or does not have the commands that a day takes.
    init?() {
        path =
            URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("nightdrop").path
        guard FileManager.default.isExecutableFile(atPath: path), let help = try? run(["--help"]) else { return nil }
        let words = Set(help.split(whereSeparator: \.isWhitespace).map(String.init))
        guard Executable.commands.allSatisfy(words.contains) else { return nil }
    }

    /// Takes in what lies there for a till.
    func take(_ exchange: String, at node: String) throws {
        _ = try run(["import", "-C", node, exchange, "--json"])
    }

    /// Records commits over a pipe, and reads an answer to each.
    func record(_ commits: [[OperationDraft]], at node: String) throws {
        var text: [UInt8] = []
        for drafts in commits {
            text.append(UInt8(ascii: "["))
            for (index, draft) in drafts.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                draft.append(to: &text)
            }
            text += Array("]\n".utf8)
        }
        let answers = try run(["record", "-C", node, "-", "--each", "--json"], input: Data(text)).split(separator: "\n")
        guard answers.count == commits.count else {
            throw Failure("\(commits.count) commits were answered with \(answers.count) lines")
        }
        for (answer, drafts) in zip(answers, commits) {
            let json = try JSONValue.parse(String(answer))
            guard let first = json["first"]?.integer, let last = json["last"]?.integer,
                last - first + 1 == drafts.count,
                json["faults"] == nil
            else { throw Failure("\(drafts.count) operations were answered with \(answer)") }
        }
    }

    /// Closes a day.
    func close(_ day: String, to exchange: String, at node: String) throws {
        let answer = try JSONValue.parse(run(["close", "-C", node, "--day", day, "--to", exchange, "--json"]))
        guard answer["days"]?.elements?.contains(where: { $0["day"]?.text == day }) == true else {
            throw Failure("\(node): the close of \(day) was answered with \(answer.compact)")
        }
    }

    /// Merges what lies there, and returns the answers written: till and file.
    func merge(_ work: WorkDirectory) throws -> [(String, String)] {
        let report = try JSONValue.parse(
            run(["merge", "-C", work.central, work.exchange, "--return", work.exchange, "--json"]))
        for bundle in report["bundles"]?.elements ?? [] where !["merged", "known"].contains(bundle["outcome"]?.text) {
            throw Failure("nightdrop merge: \(bundle.compact)")
        }
        return (report["returns"]?.elements ?? []).compactMap { answer in
            guard let terminal = answer["terminal"]?.text, let file = answer["file"]?.text else { return nil }
            return (terminal, file)
        }
    }

    private func run(_ arguments: [String], input: Data? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try process.run()
        // The answers come while the input is still being written, so each pipe has a thread of its own.
        Thread.detachNewThread {
            if let input { try? stdin.fileHandleForWriting.write(contentsOf: input) }
            try? stdin.fileHandleForWriting.close()
        }
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        let problems = stderr.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let told = [output, problems].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
            throw Failure("nightdrop \(arguments.joined(separator: " ")): status \(process.terminationStatus)\n\(told)")
        }
        return String(decoding: output, as: UTF8.self)
    }
}
