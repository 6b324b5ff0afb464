import Foundation

/// Runs measurements in processes of their own, so that each one's memory is its own.
struct Child {
    /// The C program.
    let floor: String
    private let own = CommandLine.arguments[0]

    /// A part of this program.
    func measure(_ arguments: String...) throws -> Measurement { try measure(arguments) }

    func measure(_ arguments: [String]) throws -> Measurement { try Child.run(own, ["measure"] + arguments) }

    /// A mode of the C program.
    func floor(_ arguments: String...) throws -> Measurement { try Child.run(floor, arguments) }

    /// A shell command, measured from outside.
    func shell(_ command: String, operations: Int64 = 0) throws -> Measurement {
        let before = Child.childrenCPU()
        var result = try Measurement.of {
            _ = try Child.output("/bin/sh", ["-ec", command])
            return operations
        }
        result.cpu = Child.childrenCPU() - before
        return result
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> Measurement {
        let text = try output(program, arguments)
        guard let line = text.split(separator: "\n").last else {
            throw BenchmarkError("\(program) \(arguments.joined(separator: " ")) printed nothing")
        }
        return try Measurement(json: String(line))
    }

    static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkError(
                "\(program) \(arguments.joined(separator: " ")) ended with status \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private static func childrenCPU() -> Double {
        var usage = rusage()
        getrusage(Int32(RUSAGE_CHILDREN.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
