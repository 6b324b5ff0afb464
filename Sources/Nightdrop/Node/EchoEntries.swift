/// Entries of a return with head office's own operations, as they stand in its journal.
enum OwnOperations {
    static let folder = "own/"
    static let entry = "own/000001.jsonl.gz"
}

/// Entries of a journal bundle that are returns which head office has lost, byte for byte.
enum EchoedReturn {
    static let folder = "echo/"
}
