import NightdropFiles

/// Copies of what was refused, for people to look at. The carrier keeps its file.
enum Quarantine {
    /// Copies a file, unless one of the same name and size is there.
    static func keep(_ path: String, in folder: String, _ fileSystem: any FileSystem) throws {
        let source = try fileSystem.open(path, .read)
        let size = try source.size()
        let target = folder + "/" + Path.name(of: path)
        if let kept = try fileSystem.status(target), kept.size == size { return }
        try fileSystem.publish(target) { file in
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            var offset: Int64 = 0
            while offset < size {
                let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0, at: offset) }
                guard count > 0 else { break }
                try buffer.withUnsafeBytes {
                    try file.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: offset)
                }
                offset += Int64(count)
            }
        }
    }
}
