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
                console.note("\(lines.name), line \(group.numbers[index]): recorded all the same: \(fault)")
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
    private let keepsEmpty: Bool

    init(_ line: [UInt8], _ reader: LineReader, keepsEmpty: Bool = false) {
        self.keepsEmpty = keepsEmpty
        add(line, reader.number)
    }

    var hasRoom: Bool { lines.count < 1000 && bytes < 1 << 20 }

    mutating func add(_ line: [UInt8], _ number: Int) {
        guard keepsEmpty || !line.isEmpty else { return }
        lines.append(line)
        numbers.append(number)
        bytes += line.count
    }

    /// The drafts of the lines from one on and before the first that cannot be read, and what is wrong with that one.
    func commits(from first: Int = 0) -> (commits: [[OperationDraft]], unread: (any Error)?) {
        var commits: [[OperationDraft]] = []
        for line in lines[first...] {
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
            // Whoever waits for an answer has sent one line; what lies there already becomes durable together.
            var group = LineGroup(line, lines, keepsEmpty: true)
            while group.hasRoom, let more = lines.nextAtHand() { group.add(more, lines.number) }
            for (index, answer) in record(group).enumerated() {
                switch answer {
                case .success(let recorded): try console.out.json(recorded.json)
                case .failure(let error):
                    let failure = Failure(LineFailure.error(error, lines, group.numbers[index]))
                    failures.insert(failure.status)
                    try console.out.json(["error": .string(failure.message), "status": .integer(failure.status)])
                }
            }
            try console.out.flush()
        }
        if let status = ([74, 73, 77, 65, 75] + failures.sorted()).first(where: failures.contains) {
            throw ExitCode(status)
        }
    }

    /// An answer for each line. What is refused, or cannot be read, does not hold up the others.
    private func record(_ group: LineGroup) -> [Result<Recorded, any Error>] {
        var answers: [Result<Recorded, any Error>] = []
        while answers.count < group.numbers.count {
            let (commits, unread) = group.commits(from: answers.count)
            do {
                let result = commits.isEmpty ? RecordedCommits() : try node.record(commits: commits)
                answers += result.recorded.map { .success($0) }
                // Alone it may have room; so what is refused behind others is tried once more.
                if result.failure != nil && !result.recorded.isEmpty { continue }
                if let error = result.failure ?? unread { answers.append(.failure(error)) }
            } catch {
                answers += commits.map { _ in .failure(error) }
            }
        }
        return answers
    }
}

/// An error with the line that it is about.
enum LineFailure {
    static func error(_ error: any Error, _ lines: LineReader, _ number: Int? = nil) -> any Error {
        let failure = Failure(error)
        guard let kind = NightdropError.Kind(rawValue: failure.status) else { return error }
        // What a line says is data, however wrong: the command itself was used rightly.
        return NightdropError(
            kind == .usage ? .refused : kind, "\(lines.name), line \(number ?? lines.number): \(failure.message)")
    }
}
