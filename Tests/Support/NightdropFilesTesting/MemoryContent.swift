/// The content of a file in memory: what a reader sees, and what a power cut leaves.
struct MemoryContent {
    private(set) var bytes: [UInt8]
    private var durable: [UInt8]
    private var unsynced: [Change] = []
    var modified: Int64

    private enum Change {
        case write([UInt8], offset: Int)
        case truncate(Int)
    }

    init(bytes: [UInt8] = [], modified: Int64) {
        self.bytes = bytes
        durable = bytes
        self.modified = modified
    }

    mutating func write(_ new: [UInt8], at offset: Int) {
        MemoryContent.apply(.write(new, offset: offset), to: &bytes)
        unsynced.append(.write(new, offset: offset))
    }

    mutating func truncate(to size: Int) {
        MemoryContent.apply(.truncate(size), to: &bytes)
        unsynced.append(.truncate(size))
    }

    mutating func synchronize() {
        durable = bytes
        unsynced = []
    }

    /// What a power cut leaves: the synced content, and of what came later as much as `loss` lets through.
    func remains(_ loss: inout Loss) -> [UInt8] {
        var left = durable
        for change in unsynced {
            switch change {
            case .write(let new, let offset):
                let kept = loss.kept(of: new.count)
                if kept > 0 { MemoryContent.apply(.write(Array(new[..<kept]), offset: offset), to: &left) }
            case .truncate:
                if loss.kept(of: 1) == 1 { MemoryContent.apply(change, to: &left) }
            }
        }
        return left
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let new, let offset):
            if bytes.count < offset { bytes.append(contentsOf: repeatElement(0, count: offset - bytes.count)) }
            bytes.replaceSubrange(offset..<min(offset + new.count, bytes.count), with: new)
        case .truncate(let size):
            if size < bytes.count {
                bytes.removeSubrange(size...)
            } else {
                bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
            }
        }
    }
}

/// What a power cut takes of everything that was not synced.
public enum Loss: Sendable {
    /// All of it.
    case everything
    /// None of it.
    case nothing
    /// For each write, truncation, creation, rename and removal, chance decides alone: it is lost, kept or, if a write,
    /// torn at any byte. A disk may write in any order, so a later change can survive an earlier one.
    case random(SeededGenerator)

    /// Chance by a seed.
    public static func random(seed: UInt64) -> Loss { .random(SeededGenerator(seed: seed)) }

    mutating func kept(of count: Int) -> Int {
        switch self {
        case .everything: return 0
        case .nothing: return count
        case .random(var generator):
            let kept: Int
            switch UInt8.random(in: 0..<3, using: &generator) {
            case 0: kept = 0
            case 1: kept = count
            default: kept = Int.random(in: 0...count, using: &generator)
            }
            self = .random(generator)
            return kept
        }
    }
}
