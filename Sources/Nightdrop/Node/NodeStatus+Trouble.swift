import NightdropFiles
import NightdropFormats

extension NodeStatus {
    /// Adds something that is wrong with the node itself. What else is wrong is said after it.
    mutating func add(trouble: String) {
        error = [trouble, error].compactMap(\.self).joined(separator: "; ")
        state = .failed
    }

    /// Adds what is wrong with the settings as they stand in the file now: a process that runs goes on with those that it
    /// has, and one that only sells does without some of them.
    mutating func checkSettings(in directory: NodeDirectory, _ fileSystem: any FileSystem) {
        do {
            let bytes = try fileSystem.contents(directory.settings) ?? []
            _ = try NodeSettings(yaml: String(decoding: bytes, as: UTF8.self), file: directory.settings).checkedWatch()
        } catch { add(trouble: "\(error)") }
    }
}
