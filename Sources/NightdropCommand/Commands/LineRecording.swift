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
                if line.isEmpty { continue }
                let recorded = try commit(line, lines)
                tally.add(recorded)
                if console.isJSON { try console.out.json(recorded.json) }
                // Whoever writes into a pipe learns of each commit; a file is answered in larger pieces.
                if lines.size == nil { try console.out.flush() }
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

    private func commit(_ line: [UInt8], _ lines: LineReader) throws -> Recorded {
        do {
            let recorded = try node.record(DraftReader.drafts(line))
            for fault in recorded.faults { console.note("\(lines.name), line \(lines.number): recorded, but \(fault)") }
            return recorded
        } catch {
            throw LineFailure.error(error, lines)
        }
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
    static func error(_ error: any Error, _ lines: LineReader) -> any Error {
        let failure = Failure(error)
        guard let kind = NightdropError.Kind(rawValue: failure.status) else { return error }
        return NightdropError(kind, "\(lines.name), line \(lines.number): \(failure.message)")
    }
}
