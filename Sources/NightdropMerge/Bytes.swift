import Glibc
import NightdropFormats

/// Bytes that stay where they are for as long as the batch lives that they belong to: a slice of the batch's text, or of its
/// arena. Copied nowhere until they are written to the store.
public typealias Bytes = UnsafeRawBufferPointer

/// Memory for the texts that a merge loads or makes. What was handed out stays valid until `reset`.
public final class TextArena {
    private var chunks: [UnsafeMutableRawBufferPointer] = []
    private var current = 0
    private var used = 0
    private static let chunkBytes = 1 << 20

    /// An empty arena.
    public init() {}

    deinit { chunks.forEach { $0.deallocate() } }

    /// Keeps a copy of the bytes.
    public func copy(_ bytes: UnsafeRawBufferPointer) -> Bytes {
        let room = reserve(bytes.count)
        room.copyMemory(from: bytes)
        return Bytes(rebasing: room[..<bytes.count])
    }

    /// Keeps a copy of the bytes.
    public func copy(_ bytes: [UInt8]) -> Bytes { bytes.withUnsafeBytes { copy($0) } }

    /// Keeps a copy of a text.
    public func copy(_ text: String) -> Bytes {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    /// Forgets everything, keeping the memory for the next batch.
    public func reset() {
        current = 0
        used = 0
    }

    private func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
        while current < chunks.count {
            if chunks[current].count - used >= count {
                defer { used += count }
                return UnsafeMutableRawBufferPointer(rebasing: chunks[current][used..<(used + count)])
            }
            current += 1
            used = 0
        }
        chunks.append(.allocate(byteCount: max(count, TextArena.chunkBytes), alignment: 8))
        current = chunks.count - 1
        used = count
        return UnsafeMutableRawBufferPointer(rebasing: chunks[current][..<count])
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes come before others in the order of an index.
    public func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        guard let a = baseAddress, let b = other.baseAddress else { return count < other.count }
        let order = memcmp(a, b, Swift.min(count, other.count))
        return order == 0 ? count < other.count : order < 0
    }
}
