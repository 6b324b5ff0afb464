import Foundation
import Glibc
import NightdropFormats

/// What one process measured. Children print it as JSON; the C floor prints the same members.
struct Measurement {
    /// Wall-clock seconds of what is measured.
    var seconds = 0.0
    /// Seconds of all cores together, user and system.
    var cpu = 0.0
    /// The most memory that the process ever held, in bytes.
    var peak: Int64 = 0
    /// How many operations, or records, it was about.
    var operations: Int64 = 0
    /// Further numbers by name.
    var more: [String: Double] = [:]

    /// Measures `body`, which returns how many operations it was about.
    static func of(_ body: () throws -> Int64) rethrows -> Measurement {
        let start = (wall: now(CLOCK_MONOTONIC), cpu: now(CLOCK_PROCESS_CPUTIME_ID))
        var result = Measurement()
        result.operations = try body()
        result.seconds = now(CLOCK_MONOTONIC) - start.wall
        result.cpu = now(CLOCK_PROCESS_CPUTIME_ID) - start.cpu
        return result
    }

    static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Prints it, with the memory that this process has needed so far.
    func report() {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = line.flatMap { Int64($0.filter(\.isNumber)) } ?? 0
        var members: [JSONValue.Member] = [
            .init("seconds", .number(text(seconds))), .init("cpu", .number(text(cpu))),
            .init("peak", .integer(kilobytes << 10)), .init("operations", .integer(operations)),
        ]
        for (name, value) in more.sorted(by: { $0.key < $1.key }) { members.append(.init(name, .number(text(value)))) }
        print(JSONValue.object(members).compact)
    }

    private func text(_ value: Double) -> String { String(format: "%.9f", value) }
}

extension Measurement {
    /// Reads what `report` printed.
    init(json line: String) throws {
        guard let members = try JSONValue.parse(line).members else { throw BenchmarkError("no measurement: \(line)") }
        for member in members {
            guard case .number(let text) = member.value, let value = Double(text) else { continue }
            switch member.name {
            case "seconds": seconds = value
            case "cpu": cpu = value
            case "peak": peak = Int64(value)
            case "operations": operations = Int64(value)
            default: more[member.name] = value
            }
        }
    }
}
