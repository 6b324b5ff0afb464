/// Something that may have changed where a monitor looks.
public enum FileChange: Sendable, Hashable {
    /// A file or folder of this name appeared in a directory, or was written.
    case entry(directory: String, name: String)
    /// The directory was removed, moved away or unmounted, and is no longer looked at.
    case gone(directory: String)
    /// A file system was mounted or unmounted somewhere.
    case mounts
    /// Changes were missed: there were too many.
    case missed
}

/// Waits for changes in directories.
///
/// The system tells only of changes that are made on this machine: who looks at a network share has to look by himself
/// now and then.
public protocol ChangeMonitor: AnyObject, Sendable {
    /// Whether it hears of changes at all. The system may have no more room for another one that does.
    var reportsChanges: Bool { get }
    /// Looks at a directory from now on: at names that appear, and files that are closed after writing; with `writes` also
    /// at each single write. Nothing to do for one that is looked at already.
    func watch(_ directory: String, writes: Bool) throws(FileError)
    /// Looks at what is mounted from now on.
    func watchMounts() throws(FileError)
    /// Waits until something changes, `wake` is called, or the time is over; nil waits without end. Returns what changed
    /// since the last call, each once.
    func wait(milliseconds: Int64?) -> Set<FileChange>
    /// Ends a wait, from another thread; the next one if none is under way.
    func wake()
}

extension FileSystem {
    /// A monitor that hears of no change and only waits, for file systems that report nothing.
    public func changeMonitor() throws(FileError) -> any ChangeMonitor { try DiskChangeMonitor(reportsChanges: false) }
}
