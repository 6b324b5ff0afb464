import NightdropFiles
import NightdropFormats

/// A till's `policy.yaml`: for people, a copy of the policy that head office has sent, which stands in the store.
enum PolicyCopy {
    /// Puts the file right, if it is not the policy that holds. If somebody has changed it, returns what to tell them; what
    /// they wrote is kept beside it. Nothing here stops a sale.
    static func restore(
        _ text: String, over file: [UInt8]?, _ directory: NodeDirectory, _ fileSystem: any FileSystem
    ) -> String? {
        guard file != Array(text.utf8) else { return nil }
        let version = version(of: text, directory)
        // An older one was left by an import that was interrupted.
        let changed = file.flatMap { file in
            Self.version(of: String(decoding: file, as: UTF8.self), directory).map { $0 < version ?? 0 } ?? false
                ? nil : file
        }
        let kept = directory.policy + ".changed"
        do {
            if let changed { try fileSystem.publish(kept, bytes: changed) }
            try fileSystem.publish(directory.policy, bytes: Array(text.utf8))
        } catch { return "\(directory.policy) is not the policy that holds here, and cannot be put right: \(error)" }
        guard changed != nil else { return nil }
        return "\(directory.policy) was changed here, which has no effect: this till goes by the policy of head office"
            + (version.map { ", version \($0)" } ?? "")
            + ", and that stands there again. What stood there is now in \(kept). "
            + "A policy is changed at head office: nightdrop policy use"
    }

    private static func version(of text: String, _ directory: NodeDirectory) -> Int? {
        (try? PolicyFile.parse(text, file: directory.policy))?.version
    }
}
