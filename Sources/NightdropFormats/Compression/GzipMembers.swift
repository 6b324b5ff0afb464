import Dispatch
import Synchronization

/// Compresses several texts at once, a member each, on all cores.
public enum GzipMembers {
    /// The members of the texts, in order.
    public static func compress(_ texts: [[UInt8]], level: Int32 = 6) throws(GzipError) -> [[UInt8]] {
        guard texts.count > 1 else { return try texts.map { text throws(GzipError) in try member(text, level) } }
        let members = Mutex([[UInt8]?](repeating: nil, count: texts.count))
        DispatchQueue.concurrentPerform(iterations: texts.count) { index in
            let made = try? member(texts[index], level)
            members.withLock { $0[index] = made }
        }
        let made = members.withLock { $0 }.compactMap { $0 }
        guard made.count == texts.count else { throw GzipError("compression failed") }
        return made
    }

    private static func member(_ text: [UInt8], _ level: Int32) throws(GzipError) -> [UInt8] {
        var out: [UInt8] = []
        try GzipCompressor(level: level).append(member: text, to: &out)
        return out
    }
}
