import NightdropFormats
import NightdropModel

/// A field of a record within a merge.
public struct FieldSlot {
    /// The name, as written in operations.
    public var name: Bytes
    /// The value.
    public var value: Bytes
    /// When, by whom and with which change it got the value.
    public var clock: FieldClock
}

/// A record within a merge: as it was loaded, and what has become of it.
public struct MergeRecord {
    /// Its number in the store; 0 if it is not there yet.
    public var rid: Int64 = 0
    /// Whether there is such a record, living or not.
    public var exists = false
    /// Whether it lives; a tombstone does not.
    public var lives = false
    /// The last change of it.
    public var csn: Int64 = 0
    /// The last operation about it, whether that changed it or not: the head of the chain of its changes.
    public var head: Int64 = 0
    /// The fields as a JSON object; stale once the record is expanded.
    public var data = Bytes(start: nil, count: 0)
    /// The clocks as the store keeps them; stale once the record is expanded or new.
    public var clocks = Bytes(start: nil, count: 0)
    /// The clock of all fields that have none of their own.
    public var clock = FieldClock(csn: 0, author: 0, time: HybridTime(milliseconds: 0))
    /// The clock of the field that says whether it lives.
    public var lifeClock = FieldClock(csn: 0, author: 0, time: HybridTime(milliseconds: 0))
    /// The fields, once the record is expanded.
    public var fields: ContiguousArray<FieldSlot> = []
    /// Whether `fields` hold the record, rather than `data` and `clocks`.
    public var isExpanded = false
    /// Whether it is not in the store yet.
    public var isNew = true
    /// Whether it must be written.
    public var isChanged = false
    /// Whether conflicts about it are open, or were decided by a person.
    public var hasConflicts = false

    /// A record that does not exist.
    public init() {}

    /// A record as the store has it. The bytes must outlive the merge.
    public init(rid: Int64, csn: Int64, lives: Bool, data: Bytes, clocks: Bytes, hasConflicts: Bool) {
        self.rid = rid
        self.csn = csn
        head = csn
        self.lives = lives
        self.data = data
        self.clocks = clocks
        self.hasConflicts = hasConflicts
        exists = true
        isNew = false
    }

    /// Splits data and clocks into fields.
    public mutating func expand() {
        guard !isExpanded else { return }
        isExpanded = true
        guard exists else { return }
        var others: [(name: Bytes, clock: FieldClock)] = []
        if !isNew, let read = ClockText.read(clocks, { others.append(($0, $1)) }) {
            clock = read
            lifeClock = read
        }
        // A field takes about that much text, and there are many records.
        fields.reserveCapacity(min(8, data.count / 16 + 1))
        var cursor = FieldCursor(data, ByteRange(0, data.count))
        while let member = cursor.next() {
            fields.append(FieldSlot(name: data[member.name], value: data[member.value], clock: clock))
        }
        for other in others {
            if other.name.isEmpty {
                lifeClock = other.clock
            } else if let index = field(other.name) {
                fields[index].clock = other.clock
            }
        }
    }

    /// The place of a field in `fields`.
    public func field(_ name: Bytes) -> Int? {
        for index in fields.indices where fields[index].name.equals(name) { return index }
        return nil
    }

    /// The fields as a JSON object.
    public func appendData(to out: inout [UInt8]) {
        guard isExpanded else {
            out.append(contentsOf: data)
            return
        }
        MergeRecord.append(fields, to: &out)
    }

    /// Appends fields as a JSON object.
    public static func append(_ fields: ContiguousArray<FieldSlot>, to out: inout [UInt8]) {
        var most = 2
        for field in fields { most += field.name.count + field.value.count + 4 }
        TextRoom.append(atMost: most, to: &out) { room in
            room.write(UInt8(ascii: "{"))
            var isFirst = true
            for field in fields {
                if !isFirst { room.write(UInt8(ascii: ",")) }
                room.write(UInt8(ascii: "\""))
                isFirst = false
                room.write(field.name)
                room.write("\":")
                room.write(field.value)
            }
            room.write(UInt8(ascii: "}"))
        }
    }

    /// The clocks as the store keeps them.
    public func appendClocks(to out: inout [UInt8]) {
        ClockText.append(clock, life: lifeClock, fields: fields, to: &out)
    }
}
