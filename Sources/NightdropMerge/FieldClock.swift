import NightdropFormats
import NightdropModel

/// When, by whom and with which change a field got its value.
public struct FieldClock: Sendable, Equatable {
    /// The change sequence number.
    public var csn: Int64
    /// The code of the journal that brought it.
    public var author: Int32
    /// Whether a person decided it.
    public var isDecision: Bool
    /// Whether its author's clock was so far ahead of central's that its time says nothing.
    public var isDoubtful: Bool
    /// The later of the times of all values applied so far.
    public var time: HybridTime

    /// A clock.
    public init(csn: Int64, author: Int32, time: HybridTime, isDecision: Bool = false, isDoubtful: Bool = false) {
        self.csn = csn
        self.author = author
        self.time = time
        self.isDecision = isDecision
        self.isDoubtful = isDoubtful
    }

    /// Whether it counts as the later one: any time that is not doubtful is later than one that is.
    func outranks(_ other: FieldClock) -> Bool {
        isDoubtful == other.isDoubtful ? time > other.time : !isDoubtful
    }

    /// A field's time never goes back, but to a time that counts from one that does not.
    mutating func keepLater(of before: FieldClock) {
        if isDoubtful || !before.isDoubtful { time = max(time, before.time) }
    }
}

/// The clocks of a record as the store keeps them: `[csn,author,milliseconds,counter,marks,{"field":[…],…}]`.
///
/// The first numbers are the clock of every field that the object at the end does not name; counter and marks (1 where a
/// person decided, 2 where the time is doubtful) are left out where they are 0, the object where it is empty. The empty name stands for whether the record lives.
public enum ClockText {
    /// Appends the clock of all fields, and those of life and fields that differ from it.
    public static func append(
        _ clock: FieldClock, life: FieldClock, fields: ContiguousArray<FieldSlot>, to out: inout [UInt8]
    ) {
        var most = mostBytes + 2 + (life != clock ? mostBytes : 0)
        for field in fields where field.clock != clock { most += mostBytes + field.name.count }
        TextRoom.append(atMost: most, to: &out) { room in
            room.write(UInt8(ascii: "["))
            write(clock, to: &room)
            var isFirst = true
            if life != clock { write(.none, life, &isFirst, to: &room) }
            for field in fields where field.clock != clock { write(field.name, field.clock, &isFirst, to: &room) }
            if !isFirst { room.write(UInt8(ascii: "}")) }
            room.write(UInt8(ascii: "]"))
        }
    }

    /// Reads the clock of all fields, and calls `other` with those that differ. Nil if the text is no clock.
    public static func read(_ text: Bytes, _ other: (Bytes, FieldClock) -> Void) -> FieldClock? {
        var scanner = JSONScanner(text)
        return try? read(&scanner, text, other)
    }

    private static func read(
        _ scanner: inout JSONScanner, _ text: Bytes, _ other: (Bytes, FieldClock) -> Void
    ) throws(JSONError) -> FieldClock {
        let clock = try numbers(&scanner)
        if scanner.take(UInt8(ascii: ",")) {
            try scanner.members { (name, scanner: inout JSONScanner) throws(JSONError) in
                let clock = try numbers(&scanner)
                try scanner.expect(UInt8(ascii: "]"))
                other(text[name], clock)
            }
        }
        try scanner.expect(UInt8(ascii: "]"))
        return clock
    }

    /// Reads `[a,b,c,d,e` up to the object or the end.
    private static func numbers(_ scanner: inout JSONScanner) throws(JSONError) -> FieldClock {
        try scanner.expect(UInt8(ascii: "["))
        var clock = FieldClock(csn: try scanner.integer(), author: 0, time: HybridTime(milliseconds: 0))
        try scanner.expect(UInt8(ascii: ","))
        clock.author = Int32(truncatingIfNeeded: try scanner.integer())
        try scanner.expect(UInt8(ascii: ","))
        clock.time.milliseconds = try scanner.integer()
        if let counter = try further(&scanner) {
            clock.time.counter = UInt32(truncatingIfNeeded: counter)
            if let marks = try further(&scanner) {
                clock.isDecision = marks & 1 != 0
                clock.isDoubtful = marks & 2 != 0
            }
        }
        return clock
    }

    private static func further(_ scanner: inout JSONScanner) throws(JSONError) -> Int64? {
        guard scanner.current == UInt8(ascii: ","), scanner.position + 1 < scanner.end,
            scanner.bytes[scanner.position + 1] != UInt8(ascii: "{")
        else { return nil }
        scanner.position += 1
        return try scanner.integer()
    }

    /// The most bytes that a clock takes, with what stands around it besides a name.
    private static let mostBytes = 5 * (TextRoom.integer + 1) + 8

    private static func write(
        _ name: Bytes, _ clock: FieldClock, _ isFirst: inout Bool, to room: inout TextRoom
    ) {
        room.write(UInt8(ascii: ","))
        if isFirst { room.write(UInt8(ascii: "{")) }
        isFirst = false
        room.write(UInt8(ascii: "\""))
        room.write(name)
        room.write("\":[")
        write(clock, to: &room)
        room.write(UInt8(ascii: "]"))
    }

    private static func write(_ clock: FieldClock, to room: inout TextRoom) {
        let comma = UInt8(ascii: ",")
        let marks: Int64 = (clock.isDecision ? 1 : 0) + (clock.isDoubtful ? 2 : 0)
        room.write(clock.csn)
        room.write(comma)
        room.write(Int64(clock.author))
        room.write(comma)
        room.write(clock.time.milliseconds)
        if clock.time.counter > 0 || marks > 0 {
            room.write(comma)
            room.write(Int64(clock.time.counter))
        }
        if marks > 0 {
            room.write(comma)
            room.write(marks)
        }
    }
}
