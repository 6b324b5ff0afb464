import NightdropFiles

/// The names and files of a file system in memory. Paths are lists of names; the root always exists.
struct MemoryTree {
    typealias FileNumber = Int

    private(set) var contents: [FileNumber: MemoryContent] = [:]
    private(set) var entries: [[String]: FileNumber] = [:]
    private(set) var directories: Set<[String]> = [[]]
    var locked: Set<[String]> = []
    var time: Int64
    private var durable: [[String]: FileNumber] = [:]
    private var unsynced: [Change] = []
    private var lastNumber = 0

    /// A change of names: `removed` goes, `added` appears, both at once.
    private struct Change {
        var removed: [String]?
        var added: ([String], FileNumber)?

        /// The directory whose sync makes it durable.
        var directory: ArraySlice<String>? { (added?.0 ?? removed)?.dropLast() }
    }

    init(time: Int64) { self.time = time }

    static func names(of path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)
    }

    mutating func make(_ path: [String]) -> FileNumber {
        lastNumber += 1
        contents[lastNumber] = MemoryContent(modified: time)
        change(Change(added: (path, lastNumber)))
        return lastNumber
    }

    mutating func remove(_ path: [String]) { change(Change(removed: path)) }

    mutating func rename(_ path: [String], to newPath: [String]) {
        guard let number = entries[path], path != newPath else { return }
        change(Change(removed: path, added: (newPath, number)))
    }

    mutating func makeDirectory(_ path: [String]) {
        for length in 0...path.count { directories.insert(Array(path[..<length])) }
    }

    mutating func synchronizeDirectory(_ path: [String]) {
        for change in unsynced where change.directory == path[...] { MemoryTree.apply(change, to: &durable) }
        unsynced.removeAll { $0.directory == path[...] }
    }

    mutating func edit(_ number: FileNumber, _ edit: (inout MemoryContent) -> Void) {
        guard var content = contents.removeValue(forKey: number) else { return }
        edit(&content)
        content.modified = time
        contents[number] = content
    }

    mutating func synchronize(_ number: FileNumber) { contents[number]?.synchronize() }

    /// The tree after a power cut, all of it durable.
    func crashed(_ loss: Loss) -> MemoryTree {
        var loss = loss
        var left = MemoryTree(time: time)
        left.directories = directories
        left.lastNumber = lastNumber
        left.durable = durable
        for change in unsynced where loss.kept(of: 1) == 1 { MemoryTree.apply(change, to: &left.durable) }
        left.entries = left.durable
        for number in Set(left.entries.values).sorted() {
            guard let content = contents[number] else { continue }
            left.contents[number] = MemoryContent(bytes: content.remains(&loss), modified: content.modified)
        }
        return left
    }

    private mutating func change(_ change: Change) {
        MemoryTree.apply(change, to: &entries)
        unsynced.append(change)
    }

    private static func apply(_ change: Change, to entries: inout [[String]: FileNumber]) {
        if let removed = change.removed { entries[removed] = nil }
        if let (path, number) = change.added { entries[path] = number }
    }
}
