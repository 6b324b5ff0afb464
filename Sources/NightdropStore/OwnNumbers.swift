/// Numbers of operations in one of head office's own journals, as the store remembers under which the commit of a key
/// stands: `3-5@1`.
public struct OwnNumbers: Sendable, Equatable {
    /// The store's code of the journal.
    public var journal: Int32
    /// The numbers.
    public var range: ClosedRange<Int64>

    /// Numbers.
    public init(journal: Int32, range: ClosedRange<Int64>) {
        self.journal = journal
        self.range = range
    }

    /// Whether an operation is one of them.
    public func contains(_ seq: Int64, of journal: Int32) -> Bool { journal == self.journal && range.contains(seq) }

    /// As the store keeps them.
    public var text: String { "\(range.lowerBound)-\(range.upperBound)@\(journal)" }

    /// Reads what `text` writes. Without a journal, those of head office's first: there was no other then.
    public init?(_ text: String, _ reader: any CentralReader) throws {
        let halves = text.split(separator: "@", maxSplits: 1)
        let parts = halves.first?.split(separator: "-").compactMap { Int64($0) } ?? []
        guard parts.count == 2, parts[0] <= parts[1] else { return nil }
        let first = try halves.count == 2 ? Int32(halves[1]) : reader.journals().first(where: \.isCentral)?.code
        guard let first else { return nil }
        self.init(journal: first, range: parts[0]...parts[1])
    }
}

extension CentralReader {
    /// The numbers of head office's commit that bore a key; nil if there was none.
    public func ownNumbers(ofKey key: String) throws -> OwnNumbers? {
        try setting("key:\(key)").flatMap { try OwnNumbers($0, self) }
    }
}
