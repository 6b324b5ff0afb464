import NightdropBundle
import NightdropFormats

/// The lines of a bundle's entry, gzipped or not, by pieces of whole lines of about 1 MiB.
enum EntryLines {
    private static let pieceBytes = 1 << 20

    static func read(
        _ bundle: VerifiedBundle, _ entry: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var text: [UInt8] = []
        func handOn(atEnd: Bool) throws {
            guard atEnd || text.count >= pieceBytes else { return }
            guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else {
                if atEnd && !text.isEmpty { throw damaged(bundle, entry, "its last line does not end") }
                return
            }
            if atEnd && end != text.count - 1 { throw damaged(bundle, entry, "its last line does not end") }
            try text.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[...end])) }
            text.removeFirst(end + 1)
        }
        if entry.hasSuffix(".gz") {
            let inflater = try GzipDecompressor()
            let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
            defer { chunk.deallocate() }
            try bundle.withEntry(entry) { piece in
                var used = 0
                while used < piece.count {
                    let step: (read: Int, written: Int)
                    do {
                        step = try inflater.inflate(UnsafeRawBufferPointer(rebasing: piece[used...]), into: chunk)
                    } catch { throw damaged(bundle, entry, "\(error)") }
                    used += step.read
                    text.append(contentsOf: chunk[..<step.written])
                    try handOn(atEnd: false)
                }
            }
            guard inflater.isAtMemberEnd else { throw damaged(bundle, entry, "its compressed data ends early") }
        } else {
            try bundle.withEntry(entry) { piece in
                text.append(contentsOf: piece)
                try handOn(atEnd: false)
            }
        }
        try handOn(atEnd: true)
    }

    private static func damaged(_ bundle: VerifiedBundle, _ entry: String, _ reason: String) -> BundleError {
        BundleError(.malformed, file: bundle.path, entry: entry, reason)
    }
}
