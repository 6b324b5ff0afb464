import CArchive

/// `AE_IFREG`, a macro with a cast, which is not imported.
let regularFile: UInt32 = 0o100000

/// What the library says about its last failure.
func lastReason(of archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "unknown error of libarchive"
}
