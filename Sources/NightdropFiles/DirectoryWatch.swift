/// Waits for changes in directories: files that appear, go, are written to or renamed. Not in the directories below.
///
/// A change is told once, soon after it happened; several may be told as one. It is a hint: shares over a network do not
/// tell of what others change there, so whoever must know looks for himself from time to time.
public protocol DirectoryWatch: AnyObject, Sendable {
    /// Watches one more directory, from now on. Watching it already is no error.
    func add(_ directory: String) throws(FileError)
    /// Watches a directory no more.
    func remove(_ directory: String)
    /// The directories that have changed since the last call, as they were added; waits for the first one. Empty when the
    /// time is up, or after `wake`. A directory that is gone, or whose medium was unmounted, is among them once, and is not
    /// watched any more.
    func next(timeoutMilliseconds: Int) throws(FileError) -> Set<String>
    /// Ends the present wait, or the next one, at once. May be called from any thread.
    func wake()
}

extension FileSystem {
    /// Looks at the directories every now and then.
    public func watchDirectories() throws(FileError) -> any DirectoryWatch { PolledWatch(self) }
}
