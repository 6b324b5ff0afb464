import NightdropFiles
import NightdropFormats
import NightdropModel

/// Where files lie from the moment they are copied off a carrier until the node takes them in: in its inbox, under hidden
/// names that begin with the visit's own, `.1f3c9a20.`.
///
/// **No lock of the node is held while a file of a carrier is touched**, nor is a transaction of its store open: a share may
/// hang inside a call of the system for as long as it likes, and then nobody but the visit to it may have to wait. Therefore
/// every visit goes in three steps. What lies on the carrier is copied here, and verified meanwhile, without a lock; what
/// stands here is taken in under the node's locks; and what was taken is removed from the carrier, again without one.
/// What a visit leaves goes the same way back: it is put together under the node's locks, from files that no longer
/// change, and written to the carrier without them (see `CarrierTurn`).
///
/// The visit holds a lock on a file of its own here, for which nobody waits: by it others see that it is at work. What a
/// visit has left behind that was killed is removed by the next one. Ends with the value.
final class Landing {
    private let folder: String
    private let fileSystem: any FileSystem
    private let id: String
    private let lock: any FileLock
    private var files = 0

    /// A place for one visit.
    init(_ directory: NodeDirectory, _ fileSystem: any FileSystem) throws {
        folder = directory.inbox
        self.fileSystem = fileSystem
        (id, lock) = try Landing.begin(in: directory.inbox, fileSystem)
        try removeLeftovers()
    }

    private static func begin(in folder: String, _ fileSystem: any FileSystem) throws -> (String, any FileLock) {
        while true {
            let id = UniqueID.random().short
            let path = "\(folder)/.\(id)\(lockSuffix)"
            let lock = try fileSystem.lock(path, wait: true)
            // Else somebody who tidied up has taken it for one that was left behind.
            if try fileSystem.status(path) != nil { return (id, lock) }
        }
    }

    deinit {
        // What cannot be removed now is, with the next visit.
        try? Landing.remove(id, in: folder, fileSystem)
    }

    private static let lockSuffix = ".lock"
    /// File systems take names of 255 bytes; ours, and what is added while a file is written, take some of them.
    private static let longestName = 200

    /// Where a file of the carrier lands; another place each time.
    func path(for file: String) -> String {
        files += 1
        let name = Path.name(of: file)
        return "\(folder)/.\(id).\(files).\(name.utf8.count <= Landing.longestName ? name : "file")"
    }

    /// Whether a file in the inbox belongs to a visit.
    static func owns(_ name: String) -> Bool { name.hasPrefix(".") }

    private func removeLeftovers() throws {
        for name in try fileSystem.names(in: folder) where name.hasPrefix(".") && name.hasSuffix(Landing.lockSuffix) {
            let other = String(name.dropFirst().dropLast(Landing.lockSuffix.utf8.count))
            guard other != id, let lock = try? fileSystem.lock("\(folder)/\(name)", wait: false) else { continue }
            try withExtendedLifetime(lock) { try Landing.remove(other, in: folder, fileSystem) }
        }
    }

    /// Everything of a visit; the lock last, as it is what others find the rest by.
    private static func remove(_ id: String, in folder: String, _ fileSystem: any FileSystem) throws(FileError) {
        let lock = ".\(id)\(lockSuffix)"
        for name in try fileSystem.names(in: folder) where name.hasPrefix(".\(id).") && name != lock {
            try fileSystem.remove("\(folder)/\(name)")
        }
        try fileSystem.remove("\(folder)/\(lock)")
    }
}
