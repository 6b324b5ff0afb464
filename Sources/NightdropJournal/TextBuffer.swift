/// Text that grows at its end and leaves at its beginning, in memory that is used again and never cleared.
final class TextBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    /// The bytes in use.
    private(set) var count = 0

    init(capacity: Int = 64 << 10) { memory = .allocate(byteCount: capacity, alignment: 16) }

    deinit { memory.deallocate() }

    /// The text.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Room for at least `size` bytes behind the text.
    func room(_ size: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count - count < size {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(memory.count * 2, count + size), alignment: 16)
            larger.copyMemory(from: bytes)
            memory.deallocate()
            memory = larger
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[count...])
    }

    /// Counts bytes that were written into the room as text.
    func extend(by size: Int) { count += size }

    /// Appends bytes.
    func append(_ more: UnsafeRawBufferPointer) {
        room(more.count).copyMemory(from: more)
        count += more.count
    }

    /// Drops the end of the text.
    func truncate(to size: Int) { count = min(count, size) }

    /// Drops the beginning of the text.
    func removeFirst(_ size: Int) {
        guard size < count, let base = memory.baseAddress else { return count = 0 }
        base.copyMemory(from: base + size, byteCount: count - size)
        count -= size
    }
}
