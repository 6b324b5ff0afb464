import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

extension Recorded {
    /// As the command line prints it.
    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("first", .integer(first)), .init("last", .integer(last))]
        if !faults.isEmpty { members.append(.init("faults", .array(faults.map { .string($0) }))) }
        return .object(members)
    }
}

/// Records line by line until one is bad.
struct LineRecording {
    let node: Node
    let console: Console

    func run(_ lines: LineReader) throws {
        let bar = ProgressBar(console)
        var tally = Tally()
        do {
            defer { bar.finish() }
            while let line = try lines.next() {
                var group = LineGroup(line, lines)
                while group.hasRoom, let more = lines.nextAtHand() { group.add(more, lines.number) }
                let failure = try record(group, lines, &tally)
                // Whoever writes into a pipe learns of each commit; a file is answered in larger pieces.
                if lines.size == nil { try console.out.flush() }
                if let failure { throw failure }
                if let size = lines.size {
                    bar.show(Double(lines.consumed) / Double(size), Words.count(tally.operations, "operation"))
                }
            }
        } catch {
            try console.out.flush()
            console.note(tally.durable)
            throw error
        }
        try console.say(tally.sentence)
        try console.out.flush()
    }

    /// Records the lines that are at hand, a commit each, with one sync. Returns what is wrong with the first bad one.
    private func record(_ group: LineGroup, _ lines: LineReader, _ tally: inout Tally) throws -> (any Error)? {
        let (commits, unread) = group.commits()
        let result = commits.isEmpty ? RecordedCommits() : try node.record(commits: commits)
        for (index, recorded) in result.recorded.enumerated() {
            tally.add(recorded)
            if console.isJSON { try console.out.json(recorded.json) }
            for fault in recorded.faults {
                console.note("\(lines.name), line \(group.numbers[index]): recorded, but \(fault)")
            }
        }
        if let failure = result.failure {
            return LineFailure.error(failure, lines, group.numbers[result.recorded.count])
        }
        return unread.map { LineFailure.error($0, lines, group.numbers[commits.count]) }
    }
}

/// Lines that were read together, as many as one sync is for.
private struct LineGroup {
    private(set) var numbers: [Int] = []
    private var lines: [[UInt8]] = []
    private var bytes = 0

    init(_ line: [UInt8], _ reader: LineReader) { add(line, reader.number) }

    var hasRoom: Bool { lines.count < 512 && bytes < 1 << 20 }

    mutating func add(_ line: [UInt8], _ number: Int) {
        guard !line.isEmpty else { return }
        lines.append(line)
        numbers.append(number)
        bytes += line.count
    }

    /// The drafts of the lines before the first that cannot be read, and what is wrong with that one.
    func commits() -> (commits: [[OperationDraft]], unread: (any Error)?) {
        var commits: [[OperationDraft]] = []
        for line in lines {
            do { commits.append(try DraftReader.drafts(line)) } catch { return (commits, error) }
        }
        return (commits, nil)
    }
}

/// Answers each line at once.
struct EachRecording {
    let node: Node
    let console: Console

    func run(_ lines: LineReader) throws {
        var failures: Set<Int32> = []
        while let line = try lines.next() {
            let answer: JSONValue
            do {
                answer = try node.record(DraftReader.drafts(line)).json
            } catch {
                let failure = Failure(LineFailure.error(error, lines))
                failures.insert(failure.status)
                answer = ["error": .string(failure.message), "status": .integer(failure.status)]
            }
            try console.out.json(answer)
            try console.out.flush()
        }
        if let status = ([74, 73, 77, 65, 75] + failures.sorted()).first(where: failures.contains) {
            throw ExitCode(status)
        }
    }
}

/// An error with the line that it is about.
enum LineFailure {
    static func error(_ error: any Error, _ lines: LineReader, _ number: Int? = nil) -> any Error {
        let failure = Failure(error)
        guard let kind = NightdropError.Kind(rawValue: failure.status) else { return error }
        return NightdropError(kind, "\(lines.name), line \(number ?? lines.number): \(failure.message)")
    }
}
