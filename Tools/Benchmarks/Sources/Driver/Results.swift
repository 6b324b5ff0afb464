import Foundation
import NightdropFormats

/// One line of the table: what was measured, beside what it is compared with.
struct Row {
    enum Goal {
        case atMost(Double)
        case atLeast(Double)
        case none
    }

    let name: String
    let measured: String
    let floor: String
    let ratio: Double?
    let goal: Goal

    var isMet: Bool? {
        guard let ratio else { return nil }
        switch goal {
        case .atMost(let limit): return ratio <= limit
        case .atLeast(let limit): return ratio >= limit
        case .none: return nil
        }
    }

    fileprivate var goalText: String {
        switch goal {
        case .atMost(let limit): "<= \(number(limit))"
        case .atLeast(let limit): ">= \(number(limit))"
        case .none: ""
        }
    }

    fileprivate var columns: [String] {
        [name, measured, floor, ratio.map(number) ?? "", goalText, isMet.map { $0 ? "met" : "NOT MET" } ?? ""]
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(name), "measured": .string(measured), "floor": .string(floor),
            "ratio": ratio.map { .number(number($0)) } ?? .null, "goal": .string(goalText),
            "met": isMet.map { .bool($0) } ?? .null,
        ]
    }

    private func number(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }
}

/// The rows of a run.
struct Results {
    private(set) var rows: [Row] = []

    /// Whether no goal was missed.
    var areMet: Bool { rows.allSatisfy { $0.isMet ?? true } }

    mutating func add(
        _ name: String, _ measured: String, floor: String = "", ratio: Double? = nil, _ goal: Row.Goal = .none
    ) {
        rows.append(Row(name: name, measured: measured, floor: floor, ratio: ratio, goal: goal))
    }

    mutating func memory(_ name: String, _ peak: Int64, mebibytes: Int64) {
        add(
            "memory: " + name, "\(peak >> 20) MiB", floor: "\(mebibytes) MiB",
            ratio: Double(peak) / Double(mebibytes << 20), .atMost(1))
    }

    var table: String {
        let lines = [["", "measured", "floor", "ratio", "goal", ""]] + rows.map(\.columns)
        let widths = (0..<6).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).enumerated().map { index, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 || index == 5 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    var json: String { JSONValue.object([.init("rows", .array(rows.map(\.json)))]).compact }
}

extension [Measurement] {
    /// The median of one number of all of them.
    func median(_ value: (Measurement) -> Double) -> Double { map(value).median }
}

/// The median of the ratios of pairs that were measured one behind the other.
func medianRatio(_ left: [Double], _ right: [Double]) -> Double { zip(left, right).map { $0 / $1 }.median }

func rate(_ operationsPerSecond: Double) -> String { String(format: "%.0f k/s", operationsPerSecond / 1000) }

func milliseconds(_ seconds: Double) -> String { String(format: "%.0f ms", seconds * 1000) }

func microseconds(_ seconds: Double) -> String { String(format: "%.0f us", seconds * 1e6) }
