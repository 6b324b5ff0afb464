import NightdropFiles
import NightdropFormats

/// Looking at a head office that is not one's own: a copy on a read-only medium, or one whose key others keep.
extension Central {
    /// Looks at head office only: nothing is written, its key is not needed, what an interruption has left is not finished,
    /// and whatever would write fails.
    public convenience init(lookingAt path: String) throws {
        try self.init(lookingAt: NodeDirectory(path), fileSystem: DiskFileSystem())
    }

    /// The signing key.
    var key: SigningKey {
        get throws {
            guard let heldKey else { throw onlyLookedAt }
            return heldKey
        }
    }

    /// Why something cannot be done.
    var onlyLookedAt: NightdropError { NightdropError(.cannotCreate, "\(directory.path) is only looked at") }
}
