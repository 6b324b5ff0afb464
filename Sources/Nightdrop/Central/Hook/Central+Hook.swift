import NightdropMerge
import NightdropModel
import Synchronization

extension Central {
    /// Decides conflicts of the rule `hook` with a closure instead of a program.
    ///
    /// It is called within a merge, on the thread that merges, while nobody else can write the store: so it must be quick, and
    /// must not call this node. What it returns is checked against the field's rules. What it throws is like a program that
    /// fails: the later value stands, and the conflict says why.
    ///
    /// - Parameters:
    ///   - hook: The name in the policy, exactly as it stands there.
    ///   - decide: Gives the value that shall stand; about whether a record lives, `true` or `false`.
    public func onConflict(hook: String, _ decide: @escaping @Sendable (HookQuestion) throws -> FieldValue) {
        hooks.closures.withLock { $0[hook] = decide }
    }
}

/// The closures that decide conflicts, by the name in the policy.
final class HookRegistry: Sendable {
    let closures = Mutex<[String: @Sendable (HookQuestion) throws -> FieldValue]>([:])
}
