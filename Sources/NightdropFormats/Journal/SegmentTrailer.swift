import NightdropModel

/// A close of day as it stands in a trailer.
public struct DayClose: Sendable, Equatable {
    /// The business day, `2026-11-20`.
    public var day: String
    /// Which close of that day: 1, and one more each time the day is closed again.
    public var part: Int64
    /// The operations since the last close.
    public var operations: Int64
    /// The control totals since the last close.
    public var totals: ControlTotals

    /// A close.
    public init(day: String, part: Int64, operations: Int64, totals: ControlTotals) {
        self.day = day
        self.part = part
        self.operations = operations
        self.totals = totals
    }

    /// As JSON.
    public var json: JSONValue {
        [
            "day": .string(day), "part": .integer(part), "operations": .integer(operations), "totals": totals.json,
        ]
    }

    /// From JSON; nil if it is none.
    public init?(_ json: JSONValue) {
        guard let day = json["day"]?.text, Timestamp.isDate(day), let part = json["part"]?.integer, part > 0,
            let operations = json["operations"]?.integer, let totals = json["totals"].flatMap(ControlTotals.init(json:))
        else { return nil }
        self.init(day: day, part: part, operations: operations, totals: totals)
    }
}

/// The last line of a sealed segment.
public struct SegmentTrailer: Sendable, Equatable {
    /// The number of the last operation; one less than the header's `first` for a segment without operations.
    public var last: Int64
    /// How many operations the segment holds.
    public var count: Int64
    /// Their control totals.
    public var totals: ControlTotals
    /// The close of day that this segment ends with.
    public var close: DayClose?

    /// A trailer.
    public init(last: Int64, count: Int64, totals: ControlTotals, close: DayClose? = nil) {
        self.last = last
        self.count = count
        self.totals = totals
        self.close = close
    }

    /// The line, without newline.
    public var line: [UInt8] {
        let json: JSONValue = [
            "last": .integer(last), "count": .integer(count), "totals": totals.json, "close": close?.json ?? .null,
        ]
        return json.bytes
    }

    /// Reads the line, without newline.
    public init(line: UnsafeRawBufferPointer) throws(JSONError) {
        let json = try JSONValue.parse(line)
        guard let last = json["last"]?.integer, let count = json["count"]?.integer,
            let totals = json["totals"].flatMap(ControlTotals.init(json:))
        else { throw JSONError(offset: 0, reason: "not a segment's last line") }
        guard let close = json.nullable("close", DayClose.init) else {
            throw JSONError(offset: 0, reason: "the last line's \"close\" is missing or wrong")
        }
        self.init(last: last, count: count, totals: totals, close: close)
    }
}

extension ControlTotals {
    /// As JSON: `{"sale":{"creates":12,"sum":341.20}}`, by name.
    public var json: JSONValue {
        .object(
            entries.sorted { $0.key < $1.key }.map { name, entry in
                var members = [JSONValue.Member("creates", .integer(entry.creates))]
                if let sum = entry.sum { members.append(.init("sum", .number(sum.text))) }
                return JSONValue.Member(name, .object(members))
            })
    }

    /// From JSON; nil if it is none.
    public init?(json: JSONValue) {
        guard let members = json.members else { return nil }
        var entries: [String: Entry] = [:]
        for member in members {
            guard let creates = member.value["creates"]?.integer else { return nil }
            entries[member.name] = Entry(creates: creates, sum: member.value["sum"]?.decimal)
        }
        self.init(entries)
    }
}
