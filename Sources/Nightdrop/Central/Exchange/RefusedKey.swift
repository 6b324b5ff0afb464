import NightdropModel
import Synchronization

/// A key for which a bundle was refused that says that it is from a terminal. Perhaps it is from a stranger who says so:
/// only the terminal knows whether the key is its own.
public struct RefusedKey: Sendable, Hashable {
    /// The terminal.
    public let terminal: NodeID
    /// The key's fingerprint, `SHA256:…`.
    public let fingerprint: String
}

/// Remembers which terminals were told that their key is refused: what is refused lies there until somebody removes it, and
/// nobody wants to hear of it with every visit.
final class KeyNotices: Sendable {
    private static var rememberedKeys: Int { 10_000 }
    private let told = Mutex<[RefusedKey: Int64]>([:])

    /// Whether it was not told within some milliseconds. `now` is of any one clock.
    func isDue(_ key: RefusedKey, now: Int64, spacing: Int64) -> Bool {
        told.withLock { $0[key].map { now - $0 >= spacing } ?? true }
    }

    /// Notes that it was told.
    func tell(_ key: RefusedKey, now: Int64) {
        told.withLock { told in
            if told.count >= KeyNotices.rememberedKeys { told.removeAll() }
            told[key] = now
        }
    }
}
